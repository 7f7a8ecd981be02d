// The page of a room. A frame is {"topic", "data"}, as the room has sent it.
"use strict";

const $ = (id) => document.getElementById(id);

function add({ from, text }) {
  const line = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = from;
  line.append(name, text);
  $("lines").append(line);
  line.scrollIntoView();
}

const heard = {
  history(lines) {
    $("lines").replaceChildren();
    lines.forEach(add);
  },
  said: add,
  here({ count, names }) {
    const others = count > names.length ? " ..." : "";
    $("here").textContent = `${count} here: ${names.join(", ")}${others}`;
  },
};

let socket = null;

function enter(room, name) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/rooms/${room}?name=${encodeURIComponent(name)}`);
  socket.onopen = () => {
    $("enter").hidden = true;
    $("inside").hidden = false;
    $("text").focus();
  };
  socket.onmessage = ({ data }) => {
    const { topic, data: value } = JSON.parse(data);
    if (Object.hasOwn(heard, topic)) heard[topic](value);
  };
  socket.onclose = () => {
    $("here").textContent = "the connection is gone; again in a moment";
    setTimeout(() => enter(room, name), 1000 + 2000 * Math.random());
  };
}

$("enter").onsubmit = (event) => {
  event.preventDefault();
  enter($("room").value.trim(), $("name").value.trim());
};

$("say").onsubmit = (event) => {
  event.preventDefault();
  if ($("text").value && socket.readyState === WebSocket.OPEN) {
    socket.send($("text").value);
    $("text").value = "";
  }
};
