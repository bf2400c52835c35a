// A visit on the device: from what was taken along, by what is answered, to the bytes that are sent.

import * as vault from "./vault.mjs";
import { asked } from "./rules.mjs";

export const TAKEN = "taken", DRAFT = "draft", WAITING = "waiting", SENT = "sent", REFUSED = "refused", CONFLICT = "conflict";
// How long the device remembers what was sent, and what was taken along and never begun.
const KEPT_DAYS = 14;

const asText = (value) => (Array.isArray(value) ? value.join(" ") : String(value));
const texts = (answers) => Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, asText(value)]));

// A household taken along, from the server's answer. Its id is drawn here and becomes the submission's.
export function take(told, described) {
  const { prefill } = told;
  return {
    id: crypto.randomUUID(),
    kind: "visit",
    state: TAKEN,
    household: told.household,
    village: described.village,
    due: described.due_on ? { due_on: described.due_on, cause: described.cause, reason: described.reason } : null,
    form: told.form,
    seen: prefill.seen,
    before: { year: prefill.before.year, answers: texts(prefill.before.answers) },
    answers: texts(prefill.answers),
    members: prefill.members.map((member) => ({ label: member.label, answers: texts(member.answers), touched: false })),
    photos: {},
    seconds: {},
    taken_at: new Date().toISOString(),
    changed_at: new Date().toISOString(),
    began_at: null,
    ended_at: null,
  };
}

export function addMember(visit) {
  visit.members.push({ label: "", answers: { member: "" }, touched: true });
  return visit.members.length - 1;
}

// Note that something was answered: the first answer begins the interview.
export function touch(visit) {
  visit.changed_at = new Date().toISOString();
  visit.began_at ??= visit.changed_at;
  if (visit.state === TAKEN) visit.state = DRAFT;
}

function given(section, answers) {
  const kept = {};
  for (const question of section.questions) {
    const value = (answers[question.name] ?? "").trim();
    if (value && question.type !== "note" && question.type !== "fen" && asked(question, answers)) kept[question.name] = value;
  }
  return kept;
}

// Close a visit: its bytes are written once and sent the same however often, so that the server knows them again.
export async function finish(visit, model) {
  visit.ended_at = new Date().toISOString();
  visit.began_at ??= visit.ended_at;
  const answers = { household: visit.household.public_id, seen: visit.seen, deviceid: await vault.device() };
  const members = [];
  for (const section of model.sections) {
    if (!section.repeats) Object.assign(answers, given(section, visit.answers));
    else members.push(...visit.members.filter((member) => member.touched).map((member) => given(section, member.answers)));
  }
  answers.household = visit.household.public_id;
  answers.seen = visit.seen;
  for (const [question, photo] of Object.entries(visit.photos)) answers[question] = photo.name;
  visit.body = JSON.stringify({
    instance_id: `uuid:${visit.id}`,
    form_id: visit.form.form_id,
    version: visit.form.version,
    began_at: visit.began_at,
    ended_at: visit.ended_at,
    answers,
    members,
    seconds: visit.seconds,
  });
  visit.state = WAITING;
  visit.problem = null;
  visit.changed_at = visit.ended_at;
  await vault.put(visit);
}

export const photoIds = (visit) => Object.values(visit.photos ?? {}).map((photo) => photo.id);

// The server has it: only what the list shows stays on the device.
export async function settle(visit, told) {
  const conflicts = told.outcome?.conflicts ?? 0;
  const { id, kind, household, village, form } = visit;
  const at = new Date().toISOString();
  const kept = { id, kind, household, village, form, state: conflicts ? CONFLICT : SENT, outcome: told.outcome, changed_at: at };
  await vault.replace(kept, null, photoIds(visit));
}

export async function refuse(visit, problem) {
  visit.state = REFUSED;
  visit.problem = problem;
  visit.changed_at = new Date().toISOString();
  await vault.put(visit);
}

// A refused visit to be put right. What is then sent is another submission than the one that was refused, so it has another id.
export async function correct(visit) {
  const { body, ...rest } = visit;
  const again = { ...rest, id: crypto.randomUUID(), state: DRAFT, changed_at: new Date().toISOString() };
  await vault.replace(again, visit.id);
  return again;
}

export const forget = (visit) => vault.remove(visit.id, photoIds(visit));

export async function forgetOld(visits) {
  const before = new Date(Date.now() - KEPT_DAYS * 86_400_000).toISOString();
  const old = visits.filter((visit) => [SENT, TAKEN].includes(visit.state) && visit.changed_at < before);
  for (const visit of old) await forget(visit);
  return visits.filter((visit) => !old.includes(visit));
}
