// Filling in: a section at a time, each question as large as a thumb, every answer kept as it is given.

import * as vault from "./vault.mjs";
import { addMember, touch } from "./draft.mjs";
import { asked, fault, faults, moneyNames } from "./rules.mjs";
import { alarm, button, chip, el, icon, notice, pick, say, show, tell } from "./dom.mjs";
import { shortCode } from "./home.mjs";
import { shrink } from "./photos.mjs";

const SILENT = new Set(["household", "seen", "fen", "member"]);
const LONG_TEXT = 150;

// The day in the market's zone, as the server counts it.
export const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());

export class Filling {
  constructor(visit, model, done) {
    Object.assign(this, { visit, model, done, saving: Promise.resolve(), since: Date.now(), at: "" });
  }

  // Saves run one after the other, each with the newest answers. With `photo`, forget one that the visit no longer names.
  save(photo = null) {
    touch(this.visit);
    const saved = () => { document.getElementById("alarm")?.remove(); tell(say("saved")); };
    // A device that is full must not let anybody go on in the belief that all is kept; the next answer tries again.
    const failed = () => { if (vault.isOpen()) alarm(say("not_saved")); };
    this.saving = this.saving.then(() => vault.replace(this.visit, null, photo ? [photo.id] : [])).then(saved, failed);
    return this.saving;
  }

  // Add the seconds since the last section was opened to that section.
  leave(next) {
    const seconds = Math.round((Date.now() - this.since) / 1000);
    if (this.at) this.visit.seconds[this.at] = (this.visit.seconds[this.at] ?? 0) + seconds;
    [this.since, this.at] = [Date.now(), next];
  }

  show(parts) {
    const [where, member] = parts;
    if (where === "review") return this.review();
    const section = this.model.sections[Number(where)];
    if (!section) return this.review();
    this.leave(section.name);
    if (!section.repeats) return this.section(section, Number(where), this.visit.answers, null);
    if (member === undefined) return this.members(section, Number(where));
    return this.section(section, Number(where), this.visit.members[Number(member)].answers, Number(member));
  }

  link(...parts) {
    return `#/visit/${[this.visit.id, ...parts].join("/")}`;
  }

  head(title, position) {
    const { sections } = this.model;
    const name = [shortCode(this.visit.household.code), this.visit.members[0]?.label].filter(Boolean).join(" ");
    return [
      el("p", {}, el("a", { class: "quiet-link", href: "#/" }, icon("back", "small"), say("to_list"))),
      el("h1", {}, title),
      el("p", { class: "u-soft" }, `${name} · ${say("step", { at: position + 1, of: sections.length + 1 })}`),
      el("progress", { class: "progress", max: sections.length + 1, value: position + 1, "aria-label": say("progress") }),
    ];
  }

  foot(previous, next, label) {
    return el(
      "div", { class: "cluster cluster--ends foot" },
      previous ? el("a", { class: "button button--plain", href: previous }, icon("back"), say("back")) : el("span", {}),
      next && el("a", { class: "button button--large", href: next, id: "next" }, label, icon("next")),
    );
  }

  section(section, at, answers, member) {
    const money = moneyNames(section);
    const boxes = section.questions.filter((question) => !SILENT.has(question.type)).map((question) => this.question(question, answers, member, money));
    // What is asked depends on what was answered.
    const settle = () => boxes.forEach((box) => { box.node.hidden = !asked(box.question, answers); });
    this.changed = (box) => { if (member !== null) this.visit.members[member].touched = true; settle(); this.save(); box?.judge(); };
    settle();
    const title = member === null ? pick(section.label) : this.memberName(member);
    const back = member === null ? (at ? this.link(at - 1) : null) : this.link(at);
    const next = member === null ? this.link(at + 1 < this.model.sections.length ? at + 1 : "review") : this.link(at);
    const label = say(member !== null ? "member_done" : at + 1 < this.model.sections.length ? "next" : "to_review");
    show(
      `${this.visit.id}/${at}/${member}`,
      ...this.head(title, at),
      at === 0 && el("p", { class: "u-soft" }, say("empty_changes_nothing")),
      el("form", { class: "form", autocomplete: "off", onsubmit: (event) => { event.preventDefault(); location.hash = next; } }, boxes.map((box) => box.node), this.foot(back, next, label)),
    );
  }

  // One question: its node, and how it is judged once it was answered.
  question(question, answers, member, money) {
    const id = `q-${question.name}`;
    const said = el("p", { class: "field__error", id: `${id}-fault`, hidden: true });
    const box = { question, node: null, judge: () => {
      const kind = fault(question, answers, today(), money.has(question.name));
      // What is still empty is named at the end, not while it is being filled in.
      said.hidden = kind !== "impossible";
      said.textContent = kind === "impossible" ? say("fault_impossible") : "";
      for (const input of box.node.querySelectorAll("input, textarea")) input.setAttribute("aria-invalid", String(!said.hidden));
    } };
    const optional = question.required ? null : el("span", { class: "field__optional" }, ` ${say("optional")}`);
    const hints = [pick(question.hint), this.before(question, answers, member)].filter(Boolean);
    const hint = hints.map((words, number) => el("p", { class: "field__hint", id: `${id}-hint-${number}` }, words));
    const described = [...hint.map((node) => node.id), said.id].join(" ");
    const label = pick(question.label);
    const control = CONTROLS[question.type]?.call(this, { question, id, answers, described, box }) ?? el("span", {});
    if (question.type === "note") box.node = el("p", {}, label);
    else if (["choice", "choices", "place", "photo"].includes(question.type)) {
      box.node = el("fieldset", { class: "field", "aria-describedby": described, id }, el("legend", { class: "field__legend" }, label, optional), hint, control, said);
    } else {
      box.node = el("div", { class: "field" }, el("label", { class: "field__label", for: id }, label, optional), hint, control, said);
    }
    return box;
  }

  // Last year's answer beside a question that has none this year.
  before(question, answers, member) {
    const value = member === null && !answers[question.name] && this.visit.before.answers[question.name];
    if (!value) return "";
    const words = value.split(" ").map((each) => pick(question.choices?.find((choice) => choice.value === each)?.label) || each).join(", ");
    return say("last_year", { year: this.visit.before.year, value: question.choices ? words : value });
  }

  memberName(at) {
    const member = this.visit.members[at];
    return member.label || member.answers.name || say("member_new");
  }

  members(section, at) {
    const wrong = faults(this.model, this.visit.answers, this.visit.members, today());
    const rows = this.visit.members.map((member, number) => {
      const state = !member.touched ? chip(say("member_untouched")) : wrong.some((each) => each.member === number) ? chip(say("member_faulty"), "bad") : chip(say("member_filled"), "good");
      const added = !member.answers.member;
      return el(
        "li", { class: "panel cluster cluster--ends" },
        el("a", { class: "row-link", href: this.link(at, number) }, el("strong", {}, this.memberName(number))), state,
        added && button(say("member_remove"), async () => { this.visit.members.splice(number, 1); await this.save(); this.members(section, at); }, "link"),
      );
    });
    const add = async () => { const number = addMember(this.visit); await this.save(); location.hash = this.link(at, number); };
    show(
      `${this.visit.id}/${at}`,
      ...this.head(pick(section.label), at),
      el("p", { class: "u-soft" }, say("members_hint")),
      el("ul", { class: "stack stack--tight" }, rows),
      el("p", {}, button(say("member_add"), add, "soft", "plus")),
      this.foot(this.link(at - 1), this.link(at + 1 < this.model.sections.length ? at + 1 : "review"), say("next")),
    );
  }

  review() {
    this.leave("review");
    const { sections } = this.model;
    const found = faults(this.model, this.visit.answers, this.visit.members, today());
    const line = ({ section: name, member, name: field, kind }) => {
      const at = sections.findIndex((section) => section.name === name);
      const question = sections[at].questions.find((each) => each.name === field);
      const who = member === null ? "" : this.memberName(member);
      const href = member === null ? this.link(at) : this.link(at, member);
      return el("li", {}, el("a", { class: "row-link", href }, [who, pick(question.label), say(`fault_${kind}`)].filter(Boolean).join(" · ")));
    };
    const finish = button(say("finish"), () => this.done(), "large", "check");
    finish.id = "finish";
    finish.disabled = found.length > 0;
    show(
      `${this.visit.id}/review`,
      ...this.head(say("review"), sections.length),
      found.length
        ? notice("error", el("strong", {}, say("faults", { number: found.length })), el("ul", { class: "faults" }, found.map(line)))
        : notice("success", say("review_good")),
      el("p", {}, say("review_after")),
      el("div", { class: "cluster cluster--ends foot" }, el("a", { class: "button button--plain", href: this.link(sections.length - 1) }, icon("back"), say("back")), finish),
    );
  }
}

// How each type is answered.
function line({ question, id, answers, described, box }, attributes) {
  const long = question.type === "text" && question.bounds?.most > LONG_TEXT;
  const input = el(long ? "textarea" : "input", {
    class: "input", id, "aria-describedby": described, autocomplete: "off", ...attributes,
    oninput: () => { answers[question.name] = input.value; this.changed(); },
    onchange: () => { answers[question.name] = input.value.trim(); this.changed(box); },
  });
  input.value = answers[question.name] ?? "";
  return input;
}

function choosing({ question, id, answers, box }) {
  const several = question.type === "choices";
  const chosen = () => (answers[question.name] ?? "").split(" ").filter(Boolean);
  const options = question.choices.map((choice) => {
    const input = el("input", { type: several ? "checkbox" : "radio", name: id, value: choice.value, id: `${id}-${choice.value}` });
    input.checked = chosen().includes(choice.value);
    input.addEventListener("change", () => {
      const ticked = options.map((each) => each.querySelector("input")).filter((each) => each.checked);
      answers[question.name] = ticked.map((each) => each.value).join(" ");
      this.changed(box);
    });
    return el("label", { class: "choice", for: input.id }, input, el("span", { class: "choice__label" }, pick(choice.label)));
  });
  const clear = () => {
    for (const each of options) each.querySelector("input").checked = false;
    answers[question.name] = "";
    this.changed(box);
  };
  return el("div", { class: "choices choices--two" }, options, !several && !question.required && button(say("clear"), clear, "link"));
}

function place({ question, answers, box }) {
  const words = el("p", { role: "status" });
  const tellPlace = () => {
    const [latitude, longitude, , accuracy] = (answers[question.name] ?? "").split(" ");
    words.textContent = longitude ? say("place_known", { latitude: Number(latitude).toFixed(5), longitude: Number(longitude).toFixed(5), accuracy: Math.round(Number(accuracy)) }) : say("place_unknown");
  };
  const find = () => {
    words.textContent = say("place_searching");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        answers[question.name] = [coords.latitude.toFixed(7), coords.longitude.toFixed(7), Math.round(coords.altitude ?? 0), coords.accuracy.toFixed(1)].join(" ");
        tellPlace();
        this.changed(box);
      },
      () => { words.textContent = say("place_refused"); },
      { enableHighAccuracy: true, timeout: 30_000, maximumAge: 0 },
    );
  };
  tellPlace();
  return el("div", { class: "stack stack--tight" }, words, el("div", {}, button(say("place_take"), find, "soft", "pin")));
}

function photo({ question, id, box }) {
  const holder = el("div", { class: "stack stack--tight" });
  const render = () => {
    const kept = this.visit.photos[question.name];
    const input = el("input", { type: "file", accept: "image/*", capture: "environment", id: `${id}-file`, class: "u-hidden", onchange: () => take(input.files[0]) });
    holder.replaceChildren(
      kept ? el("img", { src: kept.thumb, alt: pick(question.label), class: "thumb" }) : "",
      el("div", { class: "cluster" }, input, el("label", { class: "button button--soft", for: input.id }, icon("camera"), say(kept ? "photo_again" : "photo_take")), kept ? button(say("photo_remove"), drop, "link") : ""),
    );
  };
  const take = async (file) => {
    if (!file) return;
    try {
      const { blob, thumb } = await shrink(file);
      const key = crypto.randomUUID();
      await vault.putPhoto(key, blob);
      const before = this.visit.photos[question.name];
      this.visit.photos[question.name] = { id: key, name: `${question.name}-${key.slice(0, 8)}.jpg`, thumb };
      await this.save(before);
      render();
      box.judge();
    } catch {
      holder.append(notice("error", say("photo_unreadable")));
    }
  };
  const drop = async () => {
    const before = this.visit.photos[question.name];
    delete this.visit.photos[question.name];
    await this.save(before);
    render();
  };
  render();
  return holder;
}

const CONTROLS = {
  text(about) { return line.call(this, about, {}); },
  whole(about) { return line.call(this, about, { inputmode: "numeric" }); },
  decimal(about) { return line.call(this, about, { inputmode: "decimal" }); },
  day(about) { return line.call(this, about, { type: "date", max: about.question.bounds?.past ? today() : null }); },
  choice: choosing,
  choices: choosing,
  place,
  photo,
};
