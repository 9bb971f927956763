// For drizzle-kit: `npm run db:generate` makes a migration from what changed in the schema, `npm run db:studio` shows the
// tables of DATABASE_URL (or POSTGRES_URL, the one `npm start` would use).
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  casing: "snake_case",
  schema: "./archive/schema.ts",
  out: "./archive/migrations",
  dbCredentials: { url: process.env.DATABASE_URL ?? process.env.POSTGRES_URL ?? "" },
});
