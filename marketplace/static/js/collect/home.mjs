// The first screen: what is on this device and how it stands, the visits due, a household by its code.

import { CONFLICT, DRAFT, REFUSED, SENT, TAKEN, WAITING } from "./draft.mjs";
import { button, chip, day, el, icon, moment, notice, say, show } from "./dom.mjs";

const URLS = document.body.dataset;
const TONES = { [TAKEN]: "neutral", [DRAFT]: "info", [WAITING]: "wait", [SENT]: "good", [REFUSED]: "bad", [CONFLICT]: "wait" };
const ORDER = [REFUSED, CONFLICT, DRAFT, WAITING, TAKEN, SENT];
// What the list may say in words of a refusal; others are named by their code.
const REASONS = ["household_unknown", "member_unknown", "form_version_unknown", "values_invalid", "person_on_file", "head_on_file"];

export const shortCode = (code) => code.slice(-4);

export function reasonOf(problem) {
  if (problem.detail) return problem.detail;
  return REASONS.includes(problem.code) ? say(`reason_${problem.code}`) : say("reason_other", { code: problem.code });
}

export function showHome({ visits, due, online, sending, outcome, found }, acts) {
  const waiting = visits.filter((visit) => visit.state === WAITING).length;
  show(
    "home",
    el("h1", {}, say("collection")),
    el(
      "div", { class: "cluster", id: "line", "data-online": String(online) },
      online ? chip(say("online"), "good") : chip(say("offline"), "wait"),
      waiting > 0 && el("span", {}, say("waiting_count", { number: waiting })),
    ),
    outcome === "signed-out" && notice("warning", say("signed_out"), " ", el("a", { href: URLS.signIn }, say("sign_in"))),
    outcome === "other-account" && notice("warning", say("other_account")),
    outcome === "offline" && online && notice("info", say("line_weak")),
    waiting > 0 && el("p", {}, sendButton(sending, online, acts)),
    here(visits, acts),
    comingUp(due, visits, online, acts),
    searching(found, visits, online, acts),
  );
}

function sendButton(sending, online, acts) {
  const press = button(say(sending ? "sending" : "send_now"), acts.send, "", "truck");
  press.id = "send";
  press.disabled = !online;
  if (sending) press.setAttribute("aria-busy", "true");
  return press;
}

function here(visits, acts) {
  const sorted = [...visits].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || other.changed_at.localeCompare(one.changed_at));
  return el(
    "section", { class: "stack stack--tight", "aria-labelledby": "here" },
    el("h2", { id: "here" }, say("on_device")),
    sorted.length
      ? el("ul", { class: "stack stack--tight" }, sorted.map((visit) => row(visit, acts)))
      : el("p", { class: "u-soft" }, say("nothing_taken")),
  );
}

function row(visit, acts) {
  const head = visit.members?.[0]?.label;
  const name = [shortCode(visit.household.code), head].filter(Boolean).join(" ");
  const editable = visit.state === TAKEN || visit.state === DRAFT;
  return el(
    "li", { class: "panel visit stack stack--tight", "data-state": visit.state, "data-household": visit.household.public_id },
    el("div", { class: "cluster cluster--ends" }, el("strong", {}, name), chip(say(`state_${visit.state}`), TONES[visit.state])),
    el("p", { class: "u-soft u-small" }, [visit.village, moment(visit.changed_at)].filter(Boolean).join(" · ")),
    visit.due && el("p", { class: "u-small" }, say("due_by", { day: day(visit.due.due_on), cause: visit.due.cause })),
    visit.state === REFUSED && refusal(visit),
    visit.state === CONFLICT && conflict(visit),
    el(
      "div", { class: "cluster" },
      editable && el("a", { class: "button", href: `#/visit/${visit.id}/0` }, say(visit.state === TAKEN ? "begin" : "go_on")),
      visit.state === REFUSED && button(say("correct"), () => acts.correct(visit)),
      (visit.state === TAKEN || visit.state === SENT || visit.state === CONFLICT) && button(say("put_away"), () => acts.forget(visit), "plain"),
      (visit.state === DRAFT || visit.state === REFUSED) && discard(visit, acts),
    ),
  );
}

// Throwing away what was gathered takes two presses.
function discard(visit, acts) {
  return el(
    "details", { class: "more" },
    el("summary", {}, say("discard")),
    el("div", { class: "more__body" }, el("p", {}, say("discard_sure")), button(say("discard_yes"), () => acts.forget(visit), "danger")),
  );
}

function refusal(visit) {
  const fields = Object.entries(visit.problem.fields ?? {});
  return notice(
    "error", reasonOf(visit.problem),
    fields.length > 0 && el("ul", { class: "listing" }, fields.map(([name, words]) => el("li", {}, `${visit.labels?.[name] ?? name}: ${words}`))),
  );
}

function conflict(visit) {
  const link = el("a", { href: `${URLS.files}/${visit.household.public_id}` }, say("conflict_link"));
  return notice("warning", say("conflict", { number: visit.outcome.conflicts }), " ", link);
}

// Whether a household is here with a form that is still to be sent.
const isHere = (publicId, visits) => visits.some((visit) => visit.household.public_id === publicId && visit.state !== SENT && visit.state !== CONFLICT);

function comingUp(due, visits, online, acts) {
  const open = due.filter((each) => !isHere(each.public_id, visits));
  return el(
    "section", { class: "stack stack--tight", "aria-labelledby": "due" },
    el("h2", { id: "due" }, say("visits_due")),
    open.length
      ? el(
          "ul", { class: "stack stack--tight" },
          open.map((each) =>
            el(
              "li", { class: "panel visit stack stack--tight", "data-household": each.public_id },
              el("strong", {}, `${shortCode(each.code)} ${each.village}`),
              el("p", { class: "u-small" }, say("due_by", { day: day(each.due_on), cause: each.cause }), each.reason && ` · ${each.reason}`),
              takeButton(each, online, acts),
            ),
          ),
        )
      : el("p", { class: "u-soft" }, say("none_due")),
  );
}

function takeButton(household, online, acts) {
  const press = button(say("take_along"), () => acts.take(household), "soft", "download");
  press.disabled = !online;
  press.setAttribute("aria-label", `${say("take_along")}: ${shortCode(household.code)}`);
  return press;
}

function searching(found, visits, online, acts) {
  const input = el("input", { class: "input", id: "code", inputmode: "numeric", autocomplete: "off", maxlength: 16, value: found?.code ?? "" });
  const submit = (event) => { event.preventDefault(); acts.search(input.value.replaceAll(/\s/g, "")); };
  return el(
    "section", { class: "stack stack--tight", "aria-labelledby": "find" },
    el("h2", { id: "find" }, say("find_household")),
    online
      ? el(
          "form", { class: "stack stack--tight", role: "search", onsubmit: submit },
          el("label", { class: "field__label", for: "code" }, say("code")),
          el("p", { class: "field__hint" }, say("code_hint")),
          el("div", { class: "code-row" }, input, el("button", { type: "submit", class: "button", id: "find-go" }, icon("search"), say("find"))),
        )
      : el("p", { class: "u-soft" }, say("find_online")),
    online && found?.problem && notice("error", found.problem),
    online && found?.households && (found.households.length ? results(found, visits, acts) : notice("info", say(found.whole_code_needed ? "whole_code" : "none_found"))),
  );
}

function results(found, visits, acts) {
  return el(
    "ul", { class: "stack stack--tight", id: "found" },
    found.households.map((each) =>
      el(
        "li", { class: "panel cluster cluster--ends" },
        el("span", {}, `${each.code} ${each.village}`),
        isHere(each.public_id, visits) ? chip(say("on_device")) : takeButton(each, true, acts),
      ),
    ),
  );
}
