/** Cypress commands that give each test a world of the mock: `cy.mockWorld()` first, then `cy.mockScenario("empty")`, ... */
/// <reference types="cypress" />
import { type Answer, type Call, type Calls, calls } from "../fetch/calls.ts";

type Named = Exclude<keyof Calls, "remove">;
type MockCommands = {
  [K in Named as `mock${Capitalize<K>}`]: (...given: Parameters<Calls[K]>) => Cypress.Chainable<Answer<K>>;
};

declare global {
  namespace Cypress {
    interface Chainable extends MockCommands {
      /** Begin a world for this test, which all requests of the app are for from now on; yields its name. */
      mockWorld(name?: string): Chainable<string>;
    }
  }
}

const url = (): string => Cypress.env("MOCK_URL") ?? "http://127.0.0.1:8010";
let world: string | undefined;

function nameOfTest(): string {
  const said = [Cypress.spec.name, ...Cypress.currentTest.titlePath].join(" ");
  let sum = 0;
  for (const sign of said) sum = (Math.imul(sum, 31) + sign.codePointAt(0)!) >>> 0;
  const words = Cypress.currentTest.title.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40);
  return `${words}-${sum.toString(36)}-r${Cypress.currentRetry}`;
}

function request<T>({ method, path, body }: Call<T>): Cypress.Chainable<Cypress.Response<T>> {
  if (world === undefined) throw new Error("This test has no world yet: call cy.mockWorld() first.");
  const headers: Record<string, string> = { "X-Mock-Admin": "1", "X-Mock-World": world };
  const token = Cypress.env("MOCK_ADMIN_TOKEN");
  if (token) headers["Authorization"] = `Bearer ${token}`;
  const asked = { method: method as Cypress.HttpMethod, url: url() + path, headers, log: false, failOnStatusCode: false };
  // Sent by Cypress' server, since web pages may not steer the mock.
  return cy.request<T>(body === undefined ? asked : { ...asked, body: body as Cypress.RequestBody });
}

function send<T>(call: Call<T>): Cypress.Chainable<T> {
  return request(call).then(({ status, body: answer }) => {
    if (status >= 400) throw new Error(`${call.method} ${call.path}: ${status} ${JSON.stringify(answer)}`);
    return cy.wrap<T>(answer, { log: false });
  });
}

Cypress.Commands.add("mockWorld", (name = nameOfTest()) => {
  world = name;
  // Requests to other origins stay as they are: their CORS may not allow the header.
  const api = `${Cypress.env("API_URL") ?? url()}/**`;
  cy.intercept({ url: api, middleware: true }, (request) => {
    request.headers["x-mock-world"] = name;
  });
  // What an interrupted run has left behind is not what a test begins with.
  request(calls.remove(name));
  return cy.wrap(name, { log: false });
});

for (const key of Object.keys(calls).filter((each): each is Named => each !== "remove")) {
  const make = calls[key] as (...given: unknown[]) => Call<unknown>;
  const name = `mock${key[0]!.toUpperCase()}${key.slice(1)}` as keyof Cypress.Chainable;
  Cypress.Commands.add(name, ((...given: unknown[]) => send(make(...given))) as never);
}

afterEach(() => {
  if (world !== undefined) request(calls.remove(world));
  world = undefined;
});
