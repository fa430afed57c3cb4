// A request that was made, as something that makes it again.

// What a client adds by itself, or what is only right for the connection that it was sent on.
const LEFT_OUT = new Set([
  'accept-encoding', 'accept-language', 'cache-control', 'connection', 'content-length', 'cookie', 'dnt', 'host',
  'origin', 'pragma', 'priority', 'referer', 'traceparent', 'user-agent', 'x-mock-world', 'x-request-id',
]);
// A token is not for a test's text.
const TOKEN = ', Authorization: `Bearer ${process.env.MOCK_ADMIN_TOKEN}`';
const IN_PATH = /^\/__w\/[^/]*/;

export function asCurl(exchange, origin) {
  const words = ['curl', '--include', '--globoff', ...methodOf(exchange), quoted(address(exchange, origin, exchange.path))];
  for (const [name, value] of headersOf(exchange)) words.push('--header', quoted(`${name}: ${value}`));
  if (!IN_PATH.test(exchange.path)) words.push('--header', quoted(`X-Mock-World: ${exchange.world}`));
  const { body } = exchange.request;
  if (isKept(body)) words.push('--data-raw', quoted(JSON.stringify(body)));
  return words.join(' ');
}

// A test in a world of its own, which begins as this one did, at the moment of the request.
export function asPlaywright(exchange, { origin, scenario, rule, hasToken }) {
  const begin = { name: scenario.name, seed: scenario.seed, now: exchange.at };
  const title = `${exchange.method} ${exchange.path} answers ${exchange.status || 'nothing'}`;
  return [
    "import { expect, test } from '@playwright/test';",
    '',
    `test(${js(title)}, async ({ request }) => {`,
    `  const mock = ${js(origin)};`,
    "  const world = { 'X-Mock-World': crypto.randomUUID() };",
    `  const steer = { ...world, 'X-Mock-Admin': '1'${hasToken ? TOKEN : ''} };`,
    `  await request.put(\`\${mock}/__mock/scenario\`, { headers: steer, data: ${js(begin)} });`,
    ...faultLines(rule),
    ...requestLines(exchange),
    "  await request.delete(`${mock}/__mock/worlds/${world['X-Mock-World']}`, { headers: steer });",
    '});',
    '',
  ].join('\n');
}

function faultLines(rule) {
  if (!rule) return [];
  const data = js({ match: rule.match, do: rule.do });
  return [`  await request.post(\`\${mock}/__mock/faults\`, { headers: steer, data: ${data} });`];
}

function requestLines(exchange) {
  const path = exchange.path.replace(IN_PATH, '');
  const call = [
    `request.fetch(${'`${mock}`'} + ${js(address(exchange, '', path))}, {`,
    `    method: ${js(exchange.method)},`,
    `    headers: { ...world, ${headersOf(exchange).map(([name, value]) => `${js(name)}: ${js(value)}`).join(', ')} },`,
    ...(isKept(exchange.request.body) ? [`    data: ${js(exchange.request.body)},`] : []),
    '  })',
  ];
  if (!exchange.status) return [`  await expect(${call.join('\n')}).rejects.toThrow();`];
  return [`  const answer = await ${call.join('\n')};`, ...expectations(exchange)];
}

function expectations({ status, response }) {
  const lines = [`  expect(answer.status()).toBe(${status});`];
  if (status >= 400 && response.body?.code) {
    const { code, attr } = response.body;
    lines.push(`  expect(await answer.json()).toMatchObject(${js({ code, attr })});`);
  }
  return lines;
}

function methodOf({ method }) {
  if (method === 'GET') return [];
  return method === 'HEAD' ? ['--head'] : ['--request', method];
}

function headersOf(exchange) {
  const sent = Object.entries(exchange.request.headers);
  return sent.filter(([name, value]) => !LEFT_OUT.has(name) && !name.startsWith('sec-') && value !== '*/*');
}

function address({ query }, origin, path) {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return origin + encoded + (query ? `?${query}` : '');
}

// A body that is no JSON is shown as a text about it.
const isKept = (body) => body !== null && body !== undefined && typeof body !== 'string';

const js = (value) => JSON.stringify(value);

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
