// Building pieces of the page, and the words for them, which the page brings along in the reader's language.

const WORDS = JSON.parse(document.getElementById("words").textContent);
export const CHINESE = document.documentElement.lang.startsWith("zh");

export function say(name, values = {}) {
  return WORDS[name].replace(/%\((\w+)\)s/g, (_, key) => String(values[key]));
}

// A text of the form, which has both languages.
export function pick(words) {
  return words ? (CHINESE ? words.zh || words.en : words.en || words.zh) : "";
}

// el("button", { class: "button", onclick: send }, "Send"): attributes, listeners by their name, children; what is empty is left out.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function icon(name, size = "") {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("class", size ? `icon icon--${size}` : "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  drawing.append(use);
  return drawing;
}

const TONES = { good: "check", wait: "clock", bad: "alert", info: "info", neutral: "minus" };

export function chip(label, tone = "neutral") {
  return el("span", { class: `chip chip--${tone}` }, icon(TONES[tone], "small"), label);
}

export function notice(kind, ...content) {
  const sign = { success: "check", info: "info" }[kind] || "alert";
  return el("div", { class: `alert alert--${kind}`, role: kind === "error" ? "alert" : "status" }, icon(sign), el("div", {}, ...content));
}

export function button(label, onclick, kind = "", sign = "") {
  return el("button", { type: "button", class: `button ${kind && `button--${kind}`}`, onclick }, sign && icon(sign), label);
}

// Put another screen in place of the one that is there; the reader's place is its heading, unless it is the very same screen again.
let shown = "";
export function show(name, ...content) {
  const main = document.getElementById("main");
  const heldId = document.activeElement?.id;
  main.replaceChildren(el("div", { class: "wrap wrap--narrow stack" }, ...content));
  if (name !== shown) {
    const heading = main.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
    window.scrollTo(0, 0);
    document.title = `${heading.textContent} · ${document.body.dataset.title}`;
  } else if (heldId) {
    document.getElementById(heldId)?.focus();
  }
  shown = name;
}

// Leave nothing on the screen.
export function clear() {
  document.getElementById("main").replaceChildren();
  document.getElementById("told").textContent = "";
  document.title = document.body.dataset.title;
  shown = "";
}

// Said once by a screen reader and seen at the edge, for what happens by itself.
export function tell(text) {
  document.getElementById("told").textContent = text;
}

// Said in large, above everything else on the screen, once.
export function alarm(text) {
  tell("");
  document.getElementById("alarm")?.remove();
  const said = notice("error", text);
  said.id = "alarm";
  document.querySelector("#main > .wrap")?.prepend(said);
}

export function moment(iso) {
  const language = CHINESE ? "zh-CN" : "en-GB";
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" }).format(new Date(iso));
}

export function day(iso) {
  return new Intl.DateTimeFormat(CHINESE ? "zh-CN" : "en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(new Date(iso));
}
