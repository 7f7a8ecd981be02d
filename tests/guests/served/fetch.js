// The form of componentize-js's own example: a handler of the event `fetch`, by standards of the web
// alone.
addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/echo":
      // The body of the answer is that of the request, part by part.
      return new Response(request.body, {
        headers: { "x-method": request.method.toLowerCase() },
      });
    case "/fields": {
      const own = [...request.headers].filter(([name]) => name.startsWith("x-"));
      return new Response(own.map(([name, value]) => `${name}: ${value}\n`).join(""));
    }
    case "/proxy":
      try {
        const response = await fetch(url.searchParams.get("to"));
        return new Response(`${response.status} ${await response.text()}`);
      } catch (error) {
        return new Response(String(error), { status: 502 });
      }
    default:
      return new Response(url.pathname, { status: 404 });
  }
}
