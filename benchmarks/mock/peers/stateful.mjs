// The lightest stateful mock that a Node team writes by hand: openapi-backend routes requests and checks them by the
// whole contract, and the handlers below keep the state that the measured requests need. It keeps no journal, knows one
// world, no scopes and no time, and does not check what it answers.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import addFormats from "ajv-formats";
import { OpenAPIBackend } from "openapi-backend";

const [contract, stateFile, port] = process.argv.slice(2);
const AUTHORIZATION = "Bearer phx_mock_admin";
const SECRETS = new Set(["aws_access_key_id", "aws_secret_access_key"]);

const first = JSON.parse(readFileSync(stateFile, "utf8"));
const exportsById = new Map([[first.id, first]]);

const found = (value) => ({ status: 200, body: value });
const refused = (status, code, detail) => ({ status, body: { type: "error", code, detail, attr: null } });
const missing = () => refused(404, "not_found", "Not found.");

function publicDestination({ type, config }) {
  const open = Object.entries(config).filter(([name]) => !SECRETS.has(name));
  const secrets_set = Object.keys(config).filter((name) => SECRETS.has(name));
  return { type, config: Object.fromEntries(open), integration: null, secrets_set };
}

const api = new OpenAPIBackend({
  definition: contract,
  apiRoot: "/api/projects",
  ignoreTrailingSlashes: false,
  quick: true,
  ajvOpts: { strict: false },
  customizeAjv: (ajv) => addFormats(ajv),
  securityHandlers: { bearerAuth: ({ request }) => request.headers.authorization === AUTHORIZATION },
  handlers: {
    get_export: ({ request }) => {
      const known = exportsById.get(request.params.id);
      return known ? found(known) : missing();
    },
    list_runs: ({ request }) => {
      const known = exportsById.get(request.params.id);
      return known ? found({ next: null, previous: null, results: known.latest_runs }) : missing();
    },
    create_export: ({ request }) => {
      const [id, now] = [randomUUID(), new Date().toISOString()];
      const { destination, ...settings } = request.requestBody;
      const times = { created_at: now, last_updated_at: now, latest_runs: [] };
      const made = { ...first, ...settings, id, destination: publicDestination(destination), ...times };
      exportsById.set(id, made);
      return { status: 201, body: made, headers: { location: `${request.path.replace(/\/?$/, "/")}${id}/` } };
    },
    unauthorizedHandler: () => refused(401, "not_authenticated", "Authentication credentials were not provided."),
    validationFail: ({ validation }) => refused(400, "invalid_input", JSON.stringify(validation.errors)),
    notFound: missing,
    methodNotAllowed: () => refused(405, "method_not_allowed", "Method not allowed."),
  },
});
await api.init();

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const [path, query = ""] = request.url.split("?");
  const body = chunks.length ? Buffer.concat(chunks).toString() : undefined;
  const asked = { method: request.method, path, query, body, headers: request.headers };
  const { status, body: answered, headers = {} } = await api.handleRequest(asked);
  const text = JSON.stringify(answered);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { ...headers, "content-type": "application/json", "content-length": length });
  response.end(text);
}

createServer(answer).listen(Number(port), "127.0.0.1");
