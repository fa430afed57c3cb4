/** A client of the API, typed from the contract: `connect(server, key).GET("/{project_id}/batch_exports/", ...)`. */
import createClient, { type Client } from "openapi-fetch";

import type { Error as ErrorBody, paths } from "../types/batch_exports.ts";

export type { BatchExport, Backfill, Run } from "../types/batch_exports.ts";

/** The API refused; the fields are those of its answer. */
export class Refused extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(`${status} ${body.code}: ${body.detail}`);
    this.name = "Refused";
    this.status = status;
    this.body = body;
  }
}

/** A client of the API of a server, such as `http://127.0.0.1:8000`, with a key. */
export function connect(server: string, key: string): Client<paths> {
  return createClient<paths>({ baseUrl: `${server}/api/projects`, headers: { Authorization: `Bearer ${key}` } });
}

/** What was answered; throws `Refused` if the API did. */
export async function answered<T>(asked: Promise<{ data?: T; error?: ErrorBody; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (error !== undefined) throw new Refused(response.status, error);
  return data as T;
}
