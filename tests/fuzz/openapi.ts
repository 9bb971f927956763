// The API's own description, read as a fuzzer reads it: what may be sent to each address, and what may come back.
import { z } from "zod";

export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
};

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: JsonSchema;
}

interface Content {
  schema: JsonSchema;
}

interface Described {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { content?: Record<string, Content> }>;
}

export interface Document {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, JsonSchema> };
}

export interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  body: JsonSchema | undefined;
  /** What is wrong with a response; undefined when it is one that was described. */
  wrong(status: number, contentType: string | undefined, body: string): string | undefined;
}

/** Every operation of the document. */
export function operationsOf(document: Document): Operation[] {
  const { schemas } = document.components;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => {
      const validators = new Map<string, z.ZodType>();
      for (const [status, { content }] of Object.entries(described.responses)) {
        for (const [type, { schema }] of Object.entries(content ?? {})) {
          if (type.endsWith("json")) validators.set(`${status} ${type}`, validatorOf(schema, schemas));
        }
      }
      return {
        method: method.toUpperCase(),
        path,
        parameters: described.parameters ?? [],
        body: described.requestBody?.content["application/json"]?.schema,
        wrong: (status, contentType, body) => judge(described, validators, status, contentType, body),
      };
    }),
  );
}

function judge(
  { responses }: Described,
  validators: ReadonlyMap<string, z.ZodType>,
  status: number,
  contentType: string | undefined,
  body: string,
): string | undefined {
  const response = responses[String(status)];
  if (!response) return `status ${status} is not described`;
  const type = contentType?.split(";")[0];
  if (!response.content) return body === "" ? undefined : `${status} is described without a body, and has one`;
  if (!type || !(type in response.content)) return `${status} with content type ${contentType} is not described`;
  const validator = validators.get(`${status} ${type}`);
  if (!validator) return undefined;
  const { error } = validator.safeParse(JSON.parse(body));
  return error && `${status} does not fit its schema: ${z.prettifyError(error)}`;
}

/** A validator of one schema of the document. What a response's schema does not name must not be there. */
function validatorOf(schema: JsonSchema, schemas: Record<string, JsonSchema>): z.ZodType {
  // A record also travels with its offset beside it, which only the reply it is in can say.
  const isOpen = (name: string) => name.endsWith("Record");
  const definitions = Object.fromEntries(
    Object.entries(schemas).map(([name, each]) => [name, isOpen(name) ? referring(each) : closed(each)]),
  );
  return z.fromJSONSchema({ ...closed(schema), $defs: definitions } as Parameters<typeof z.fromJSONSchema>[0]);
}

const referring = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/"));

/** The schema with objects that hold nothing they do not name; each half of an `allOf` sees what the other names. */
function closed(schema: JsonSchema): JsonSchema {
  const close = (each: JsonSchema): void => {
    if (each.properties) each.additionalProperties ??= false;
    for (const inner of Object.values(each.properties ?? {})) close(inner);
    for (const inner of [...(each.anyOf ?? []), ...(each.oneOf ?? [])]) close(inner);
    if (each.items) close(each.items);
  };
  const turned = referring(schema);
  close(turned);
  return turned;
}

/** The schema that a reference names. */
export function resolve(schema: JsonSchema, document: Document): JsonSchema {
  const name = schema.$ref?.split("/").at(-1);
  return name ? (document.components.schemas[name] ?? {}) : schema;
}
