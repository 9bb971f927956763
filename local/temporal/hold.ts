// Whether the running stack's worker is to stay down: a file in the data folder, so that whoever stops it and whoever
// keeps it running need not speak to each other.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = (data: string) => join(data, "worker.held");

export const isHeld = (data: string): boolean => existsSync(file(data));
export const hold = (data: string): void => writeFileSync(file(data), "npm run worker:start removes this file.\n");
export const release = (data: string): void => rmSync(file(data), { force: true });
