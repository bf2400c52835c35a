// Before the vault is open: choosing a passphrase, giving it, and what to do when there is nothing to open.

import * as vault from "./vault.mjs";
import { button, el, icon, notice, say, show } from "./dom.mjs";

const URLS = document.body.dataset;

function field(id, label, hint, attributes) {
  const described = hint ? { "aria-describedby": `${id}-hint` } : {};
  return el(
    "div", { class: "field" },
    el("label", { class: "field__label", for: id }, label),
    hint && el("p", { class: "field__hint", id: `${id}-hint` }, hint),
    el("input", { class: "input", type: "password", id, required: true, autocomplete: "off", ...described, ...attributes }),
  );
}

const signIn = (kind = "") => el("a", { class: `button ${kind}`, href: URLS.signIn }, say("sign_in"));

// Nobody is signed in and nothing was set up here.
export function showNothing(online) {
  show(
    "nothing",
    el("h1", {}, say("collection")),
    el("p", {}, say(online ? "sign_in_first" : "set_up_online")),
    online && el("p", {}, signIn("button--large")),
  );
}

// An officer is signed in who has no vault here.
export function showSetUp(account, done) {
  const said = el("div", {});
  const form = el(
    "form", { class: "form", novalidate: true, onsubmit: submit },
    said,
    field("new-passphrase", say("passphrase_new"), say("passphrase_hint", { least: vault.SHORTEST }), { autocomplete: "new-password" }),
    field("again", say("passphrase_again"), "", { autocomplete: "new-password" }),
    el("button", { type: "submit", class: "button button--large" }, say("set_up")),
  );
  async function submit(event) {
    event.preventDefault();
    const [first, second] = [form.querySelector("#new-passphrase"), form.querySelector("#again")];
    const weak = vault.weakness(first.value) ?? (first.value === second.value ? null : "differs");
    if (weak) {
      said.replaceChildren(notice("error", say(`passphrase_${weak}`, { least: vault.SHORTEST })));
      (weak === "differs" ? second : first).focus();
      return;
    }
    form.querySelector("button").setAttribute("aria-busy", "true");
    await vault.make(account.public_id, account.name, first.value);
    done();
  }
  show(
    "set-up",
    el("h1", {}, say("set_up_title")),
    el("p", {}, say("set_up_why", { name: account.name })),
    notice("warning", say("passphrase_lost")),
    form,
  );
  form.querySelector("input").focus();
}

// One or several officers have a vault here. Answers how to offer more to an officer who turns out to be signed in: a vault to one
// who has none, another in place of the one that no longer opens to one who has.
export function showUnlock(vaults, { opened, setUp }) {
  const said = el("div", { id: "said" });
  const who = el(
    "select", { class: "input", id: "who" },
    vaults.map((each) => el("option", { value: each.account }, each.label)),
  );
  const form = el(
    "form", { class: "form", novalidate: true, onsubmit: submit },
    said,
    vaults.length > 1 && el("div", { class: "field" }, el("label", { class: "field__label", for: "who" }, say("whose")), who),
    field("passphrase", say("passphrase"), "", {}),
    el("button", { type: "submit", class: "button button--large" }, icon("check"), say("open")),
  );
  async function submit(event) {
    event.preventDefault();
    const input = form.querySelector("#passphrase"), press = form.querySelector("button");
    // An empty field is no try.
    if (press.getAttribute("aria-busy") || !input.value) return;
    press.setAttribute("aria-busy", "true");
    const tried = await vault.open(who.value, input.value);
    press.removeAttribute("aria-busy");
    if (tried.open) return opened();
    input.value = "";
    said.replaceChildren(notice("error", say("passphrase_wrong"), tried.wait_s ? ` ${say("passphrase_wait", tried)}` : ""));
    input.focus();
  }
  show(
    "unlock",
    el("h1", {}, say("locked_title")),
    el("p", {}, vaults.length > 1 ? say("locked_why") : say("locked_whose", { name: vaults[0].label })),
    form,
  );
  form.querySelector("#passphrase").focus();
  return async (account) => {
    if (!vaults.some((each) => each.account === account.public_id)) {
      form.after(el("p", {}, button(say("set_up_for", { name: account.name }), () => setUp(account), "plain")));
      return;
    }
    const number = await vault.count(account.public_id);
    const startOver = async () => { await vault.abandon(account.public_id); setUp(account); };
    form.after(
      el(
        "details", { class: "more" },
        el("summary", {}, say("forgotten")),
        el("div", { class: "more__body" }, el("p", {}, say("forgotten_sure", { number })), button(say("forgotten_yes"), startOver, "danger")),
      ),
    );
  };
}
