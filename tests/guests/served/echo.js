addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname === "/proxy") {
    const response = await fetch(url.searchParams.get("to"));
    return new Response(`got ${response.status}: ${await response.text()}`);
  }
  const body = await request.text();
  return new Response(`${request.method} ${url.pathname} ${body}`, {
    status: 201,
    headers: { "x-answered": "js" },
  });
}
