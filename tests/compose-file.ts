// docker-compose.local.yml, read.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";

export const ROOT = resolve(import.meta.dirname, "..");
export const PROFILES = ["mvp", "redis", "temporal"] as const;

export interface Service {
  image: string;
  build?: { context: string; dockerfile: string };
  profiles: string[];
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  volumes?: string[];
  restart?: string;
  healthcheck?: { test: string[] };
}

interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

export const composeFile = parse(readFileSync(resolve(ROOT, "docker-compose.local.yml"), "utf8"), {
  merge: true,
}) as ComposeFile;

export const servicesOf = (profile: string): [name: string, service: Service][] =>
  Object.entries(composeFile.services).filter(([, { profiles }]) => profiles.includes(profile));

/** Built from this repository. */
export const isOurs = ({ build }: Service): boolean => build !== undefined;
