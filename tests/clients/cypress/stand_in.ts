/**
 * As much of Cypress as the commands use, by Cypress' rules: commands queue up, run one after the other, and those that
 * are called inside of another run before the one that follows it. Requests are real ones; the browser's are those of
 * `browse`, to which interceptions apply.
 */
type Anything = any;
type Work = (subject: unknown) => unknown;
type Interception = { url: string; handler: (request: { url: string; headers: Record<string, string> }) => void };

let queue: Command[] = [];
let interceptions: Interception[] = [];
const afterEachTest: (() => void)[] = [];

class Chain {
  subject: unknown = undefined;
  then(work: Work): this {
    queue.push(new Command(this, work));
    return this;
  }
}

class Command {
  readonly chain: Chain;
  readonly work: Work;
  constructor(chain: Chain, work: Work) {
    this.chain = chain;
    this.work = work;
  }

  async run(): Promise<void> {
    const { returned, nested } = collect(() => this.work(this.chain.subject));
    const isChain = returned instanceof Chain;
    if (nested.length > 0 && returned !== undefined && !isChain)
      throw new Error("A command calls others and returns a value: asynchronous and synchronous code are mixed.");
    for (const command of nested) await command.run();
    const value = isChain ? returned.subject : nested.length > 0 ? nested.at(-1)?.chain.subject : await returned;
    if (value !== undefined) this.chain.subject = value;
  }
}

function collect(body: () => unknown): { returned: unknown; nested: Command[] } {
  const outer = queue;
  queue = [];
  try {
    const returned = body();
    return { returned, nested: queue };
  } finally {
    queue = outer;
  }
}

function enqueue(work: Work): Chain {
  return new Chain().then(work);
}

async function request(options: Anything): Promise<unknown> {
  const { url, method, headers, body, failOnStatusCode = true } = options;
  const json = typeof body === "object" ? { "Content-Type": "application/json" } : {};
  const sent = { method, headers: { ...headers, ...json }, body: body === undefined ? null : JSON.stringify(body) };
  const response = await fetch(url, sent);
  if (failOnStatusCode && !response.ok) throw new Error(`cy.request() failed: ${response.status}`);
  const text = await response.text();
  return { status: response.status, body: text === "" ? "" : JSON.parse(text) };
}

/** A request of the page. */
export async function browse(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const asked = { url, headers: { ...headers } };
  for (const { url: glob, handler } of interceptions) {
    if (glob.endsWith("/**") && url.startsWith(glob.slice(0, -2))) handler(asked);
  }
  return fetch(asked.url, { headers: asked.headers });
}

/** Run one test, and what is to be done after each. */
export async function run(title: string, body: () => void, env: Record<string, string>, retry = 0): Promise<void> {
  interceptions = [];
  Object.assign(Cypress, {
    currentTest: { title, titlePath: ["commands", title] },
    currentRetry: retry,
    env: (name: string) => env[name],
  });
  try {
    for (const command of collect(body).nested) await command.run();
  } finally {
    for (const hook of afterEachTest) for (const command of collect(hook).nested) await command.run();
  }
}

const cy: Record<string, (...given: Anything[]) => Chain> = {
  wrap: (value: unknown) => enqueue(() => value),
  request: (options: Anything) => enqueue(() => request(options)),
  intercept: ({ url }: { url: string }, handler: Interception["handler"]) =>
    enqueue(() => void interceptions.push({ url, handler })),
};
const Commands = {
  add: (name: string, made: (...given: unknown[]) => unknown) => {
    cy[name] = (...given) => enqueue(() => made(...given));
  },
};
const afterEach = (hook: () => void): void => void afterEachTest.push(hook);
Object.assign(globalThis, { cy, afterEach, Cypress: { Commands, spec: { name: "commands.cy.ts" } } });
