/** Lists the exports of a project, and how their latest runs ended, by a client that is typed from the contract. */
import createClient from "openapi-fetch";

import type { BatchExport, paths } from "../../clients/types/batch_exports.ts";

const client = createClient<paths>({
  baseUrl: `${process.env["MOCK_URL"] ?? "http://127.0.0.1:8010"}/api/projects`,
  headers: { Authorization: `Bearer ${process.env["KEY"] ?? "phx_mock_admin"}` },
});

function line({ name, interval, destination, latest_runs: [run] }: BatchExport): string {
  return `${name}: every ${interval} to ${destination.type}, ${run?.status ?? "no runs yet"}`;
}

const { data, error } = await client.GET("/{project_id}/batch_exports/", {
  params: { path: { project_id: "1" }, query: { limit: 100, ordering: "name" } },
});
if (error) {
  console.error(`${error.code}: ${error.detail}`);
  process.exitCode = 1;
} else {
  console.log(data.results.map(line).join("\n"));
}
