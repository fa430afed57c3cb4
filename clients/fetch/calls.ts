/** What a test can ask of a world of the mock, as calls of its control API. */
import type { components, paths } from "./control.ts";

type Schemas = components["schemas"];
type Operations = { [P in keyof paths]: { [M in keyof paths[P] as paths[P][M] extends { responses: unknown } ? M : never]: paths[P][M] } };
type Json<T> = T extends { content: { "application/json": infer Content } } ? Content : undefined;
type Result<O> = O extends { responses: { 200: infer R } | { 201: infer R } } ? Json<R> : void;
type Body<O> = O extends { requestBody?: infer B } ? Json<NonNullable<B>> : undefined;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined;

/** One request, and, for the type checker alone, what it is answered with. */
export interface Call<T> {
  method: string;
  path: string;
  body: unknown;
  readonly result?: T;
}

function call<P extends keyof Operations, M extends keyof Operations[P] & string, O extends Operations[P][M]>(
  method: M,
  path: P,
  given: { body?: Body<O>; query?: Query<O>; in?: Record<string, string> } = {},
): Call<Result<O>> {
  const filled = path.replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(given.in?.[name] ?? ""));
  const pairs = Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return { method: method.toUpperCase(), path: `/__mock${filled}${query && `?${query}`}`, body: given.body };
}

/** A run, or its identifier. */
export type RunLike = string | { id: string };

export const calls = {
  /** Begin anew in a scenario. */
  scenario: (name: string, origin: Omit<Schemas["OriginRequest"], "name"> = {}) =>
    call("put", "/scenario", { body: { name, ...origin } }),
  /** Go back to what the world began with. */
  reset: () => call("post", "/reset"),
  /** Show the time. */
  clock: () => call("get", "/clock"),
  /** Let so much time pass at once, with all that is due: `2h`, `90m`, `PT90M`. */
  advance: (by: string) => call("put", "/clock", { body: { action: "advance", by } }),
  /** Stop the clock. */
  freeze: () => call("put", "/clock", { body: { action: "freeze" } }),
  /** Choose how runs move: by the clock, by polls, at once, or by hand. */
  progression: (mode: Schemas["ProgressionMode"], how: Omit<Schemas["ProgressionRequest"], "mode"> = {}) =>
    call("put", "/progression", { body: { mode, ...how } }),
  /** List the newest runs of all exports. */
  runs: (limit?: number) => call("get", "/runs", { query: { limit } }),
  /** Move a run on: to its next status, or to a chosen one. */
  step: (run: RunLike, to?: Schemas["RunStatus"], latest_error?: string) =>
    call("post", "/runs/{id}/step", { in: { id: typeof run === "string" ? run : run.id }, body: { to, latest_error } }),
  /** Let something go wrong. */
  fault: (rule: Schemas["FaultRuleRequest"]) => call("post", "/faults", { body: rule }),
  /** Let nothing go wrong any more. */
  clearFaults: () => call("delete", "/faults"),
  /** List what was asked of the API. */
  requests: (query: NonNullable<paths["/requests"]["get"]["parameters"]["query"]> = {}) =>
    call("get", "/requests", { query }),
  /** Fail unless it was asked so. */
  verify: (expected: Schemas["VerifyRequest"]) => call("post", "/requests/verify", { body: expected }),
  /** Keep the state under a name. */
  snapshot: (name = "kept") => call("put", "/snapshots/{name}", { in: { name } }),
  /** Go back to a state that was kept. */
  restore: (name = "kept") => call("post", "/snapshots/{name}/restore", { in: { name } }),
  /** Forget the world. */
  remove: (world: string) => call("delete", "/worlds/{world}", { in: { world } }),
};

export type Calls = typeof calls;
/** What a call is answered with. */
export type Answer<K extends keyof Calls> = NonNullable<ReturnType<Calls[K]>["result"]>;
