// The page of the shop. It keeps nothing: the cart is the session's, on the server.
"use strict";

const $ = (id) => document.getElementById(id);
const money = (cents) => (cents / 100).toFixed(2);

// Asks the API. Returns the status and the answer, a value or a text.
async function ask(method, path, value) {
  const options = { method };
  if (value !== undefined) {
    options.body = JSON.stringify(value);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await fetch(path, options);
  const type = response.headers.get("Content-Type") || "";
  const answer = type.startsWith("application/json") ? await response.json() : await response.text();
  return { status: response.status, answer };
}

function say(text) {
  $("message").textContent = text;
}

// Fills a table. A cell is a text, or a function with the words on a button.
function fill(table, rows) {
  table.replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const at = row.insertCell();
      if (typeof cell === "object") {
        const button = document.createElement("button");
        button.textContent = cell.words;
        button.disabled = !cell.action;
        button.onclick = cell.action;
        at.append(button);
      } else {
        at.textContent = cell;
        at.className = /^[0-9.]+$/.test(cell) ? "number" : "";
      }
    }
    return row;
  }));
}

let user = null;

async function showProducts() {
  const { answer } = await ask("GET", "/api/products");
  fill($("products"), answer.map((product) => [
    product.name, money(product.price), `${product.stock} left`,
    { words: "Add", action: user && product.stock > 0 ? () => add(product.id) : null },
  ]));
}

let lines = [];

function showCart({ status, answer }) {
  if (status !== 200) {
    say(answer.error || answer);
    return;
  }
  lines = answer.lines;
  fill($("cart"), lines.map((line) => [
    line.name, String(line.count), money(line.count * line.price),
    { words: "Remove", action: () => put(line.id, 0) },
  ]));
  $("total").textContent = money(answer.total);
  $("order").disabled = lines.length === 0;
}

async function put(product, count) {
  say("");
  showCart(await ask("POST", "/api/cart", { product, count }));
}

function add(product) {
  const line = lines.find((line) => line.id === product);
  return put(product, (line ? line.count : 0) + 1);
}

async function show(logged) {
  user = logged;
  $("login").hidden = user !== null;
  $("user").hidden = $("basket").hidden = user === null;
  $("bought").hidden = true;
  if (user !== null) {
    $("who").textContent = user;
    showCart(await ask("GET", "/api/cart"));
  }
  await showProducts();
}

$("login").onsubmit = async (event) => {
  event.preventDefault();
  say("");
  const credentials = { name: $("name").value, password: $("password").value };
  const { status, answer } = await ask("POST", "/api/login", credentials);
  $("password").value = "";
  if (status === 200) {
    await show(answer.name);
  } else {
    say(answer.error || answer);
  }
};

$("logout").onclick = async () => {
  await ask("POST", "/api/logout");
  await show(null);
};

$("order").onclick = async () => {
  say("");
  const { status, answer } = await ask("POST", "/api/orders");
  await showProducts();
  if (status !== 201) {
    say(answer.error || answer);
    return;
  }
  showCart(await ask("GET", "/api/cart"));
  $("bought").hidden = false;
  $("receipt").textContent = "is being printed ...";
  let receipt;
  do {
    receipt = await ask("GET", `/api/orders/${answer.id}/receipt`);
  } while (receipt.status === 202);
  $("receipt").textContent = receipt.answer;
};

// A session may still be there from before.
ask("GET", "/api/whoami").then(({ status, answer }) => show(status === 200 ? answer.name : null));
