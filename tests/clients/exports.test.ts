import assert from "node:assert/strict";
import test from "node:test";

import { answered, connect, Refused, type BatchExport } from "../../clients/fetch/exports.ts";

const server = process.env["URL"] ?? "";
const client = connect(server, process.env["KEY"] ?? "");
const project = { project_id: "1" };
const BUCKET = {
  bucket_name: "acme-lake",
  region: "eu-central-1",
  prefix: "events/{year}",
  aws_access_key_id: "example-key-id",
  aws_secret_access_key: "example-secret",
  // Where nobody answers: runs go on until they are cancelled.
  endpoint_url: "http://localhost:9",
} as const;

async function create(name: string): Promise<BatchExport> {
  const body = { name, interval: "hour", destination: { type: "S3", config: BUCKET } } as const;
  return answered(client.POST("/{project_id}/batch_exports/", { params: { path: project }, body }));
}

function of(id: string): { path: { project_id: string; id: string } } {
  return { path: { ...project, id } };
}

function refused(status: number, code: string, attr: string | null): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.status, error.body.code, error.body.attr], [status, code, attr]);
    assert.match(error.message, new RegExp(code));
    return true;
  };
}

test("an export is created, read, listed, changed, paused and deleted", async () => {
  const made = await create("Lake of TypeScript");
  assert.deepEqual([made.interval, made.paused, made.destination.type], ["hour", false, "S3"]);
  assert.deepEqual(made.destination.secrets_set, ["aws_access_key_id", "aws_secret_access_key"]);

  const params = of(made.id);
  assert.deepEqual(await answered(client.GET("/{project_id}/batch_exports/{id}/", { params })), made);
  const query = { search: "lake of typescript", ordering: "name", paused: false } as const;
  const page = await answered(client.GET("/{project_id}/batch_exports/", { params: { path: project, query } }));
  assert.ok(page.results.some(({ id }) => id === made.id));

  const body = { destination: { config: { prefix: "events/{day}" } }, offset_hour: null };
  const changed = await answered(client.PATCH("/{project_id}/batch_exports/{id}/", { params, body }));
  assert.ok(changed.destination.type === "S3" && changed.destination.config.prefix === "events/{day}");

  const paused = await answered(client.POST("/{project_id}/batch_exports/{id}/pause/", { params }));
  assert.equal(paused.paused, true);
  const gone = await client.DELETE("/{project_id}/batch_exports/{id}/", { params });
  assert.deepEqual([gone.response.status, gone.error], [204, undefined]);
  const reading = answered(client.GET("/{project_id}/batch_exports/{id}/", { params }));
  await assert.rejects(reading, refused(404, "not_found", null));
});

test("a backfill makes runs, which can be filtered, cancelled and retried", async () => {
  const { id } = await create("Lake of TypeScript");
  const path = { ...project, batch_export_id: id };
  const body = { start_at: "2024-02-28T22:00:00Z", end_at: "2024-02-29T00:00:00Z" };
  const header = { "Idempotency-Key": crypto.randomUUID() };
  const ask = { params: { path, header }, body };
  const first = await answered(client.POST("/{project_id}/batch_exports/{batch_export_id}/backfills/", ask));
  const again = await client.POST("/{project_id}/batch_exports/{batch_export_id}/backfills/", ask);
  assert.deepEqual([again.data, again.response.headers.get("Idempotent-Replayed")], [first, "true"]);

  const query = { after: "all", status: ["Starting", "Running", "Completed"] } as const;
  const runs = "/{project_id}/batch_exports/{batch_export_id}/runs/" as const;
  const page = await answered(client.GET(runs, { params: { path, query: { ...query, status: [...query.status] } } }));
  const run = page.results[0];
  assert.ok(run !== undefined && run.backfill === first.backfill_id);

  const params = { path: { ...path, id: run.id } };
  await client.POST("/{project_id}/batch_exports/{batch_export_id}/runs/{id}/cancel/", { params });
  const retry = "/{project_id}/batch_exports/{batch_export_id}/runs/{id}/retry/" as const;
  const { run_id } = await answered(client.POST(retry, { params }));
  const newest = { path: { ...path, id: run_id } };
  const shown = await answered(
    client.GET("/{project_id}/batch_exports/{batch_export_id}/runs/{id}/", { params: newest }),
  );
  assert.equal(shown.retry_of, run.id);
  await client.DELETE("/{project_id}/batch_exports/{id}/", { params: of(id) });
});

test("refusals are typed", async () => {
  const destination = { type: "File", config: { path: "../up" } } as const;
  const body = { name: "Up", interval: "hour", destination } as const;
  const up = answered(client.POST("/{project_id}/batch_exports/", { params: { path: project }, body }));
  await assert.rejects(up, refused(400, "invalid_input", "destination__config__path"));
  const stranger = connect(server, "phx_nobody").GET("/{project_id}/batch_exports/", { params: { path: project } });
  await assert.rejects(answered(stranger), refused(401, "authentication_failed", null));
});

// Never called: each line is wrong in the way that it shows, and one that is not does not compile.
export async function whatDoesNotCompile(made: BatchExport): Promise<void> {
  const exports = "/{project_id}/batch_exports/" as const;
  const params = { path: project };
  const destination = { type: "S3", config: BUCKET } as const;
  // @ts-expect-error: a path that there is not
  await client.GET("/{project_id}/exports/", { params });
  // @ts-expect-error: a parameter of the path is missing
  await client.GET("/{project_id}/batch_exports/{id}/", { params });
  // @ts-expect-error: no such method
  await client.PUT(exports, { params });
  // @ts-expect-error: the body is missing
  await client.POST(exports, { params });
  // @ts-expect-error: no such interval
  await client.POST(exports, { params, body: { name: "Lake", interval: "month", destination } });
  // @ts-expect-error: the name is missing
  await client.POST(exports, { params, body: { interval: "hour", destination } });
  // @ts-expect-error: no such destination
  await client.POST(exports, { params, body: { name: "Lake", interval: "hour", destination: { type: "Tape", config: {} } } });
  // @ts-expect-error: no such setting
  await client.POST(exports, { params, body: { name: "Lake", interval: "hour", destination: { type: "File", config: { path: "lake", colour: "red" } } } });
  // @ts-expect-error: no such query parameter
  await client.GET(exports, { params: { ...params, query: { colour: "red" } } });
  // @ts-expect-error: no such ordering
  await client.GET(exports, { params: { ...params, query: { ordering: "colour" } } });
  // @ts-expect-error: a time is text
  await client.POST("/{project_id}/batch_exports/{batch_export_id}/backfills/", { params: { path: { ...project, batch_export_id: made.id } }, body: { start_at: 1709164800 } });
  // @ts-expect-error: no such field of an export
  void made.colour;
  // @ts-expect-error: only some destinations have it
  void made.destination.config.bucket_name;
  // @ts-expect-error: null for a run that has not begun to write
  void made.latest_runs[0]!.records_completed.toFixed();
}
