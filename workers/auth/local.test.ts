import { expect, test } from "vitest";
import { isLocal } from "./local.ts";

test.each([
  "http://localhost:8787/x",
  "http://127.0.0.1",
  "http://127.1.2.3:1",
  "http://[::1]:8787",
  "http://a.localhost",
])("%s is this machine", (url) => expect(isLocal(url)).toBe(true));

test.each([
  "https://keepstream.example.workers.dev",
  "http://192.168.1.7:8787",
  "http://localhost.example",
  "http://127.0.0.1.example",
  "http://0.0.0.0",
])("%s is not", (url) => expect(isLocal(url)).toBe(false));
