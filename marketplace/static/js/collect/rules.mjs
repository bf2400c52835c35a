// What a filled-in form must keep to, as the server judges it (registry/forms/answering.py). Pure: no page, no store.

const FILLED = new Set(["note", "fen", "seen", "household"]);

// Whether a question is asked, given the answers of the same member or of the household.
export function asked(question, answers) {
  const condition = question.condition;
  if (!condition) return true;
  const values = condition.one_of ?? condition.none_of;
  return values.includes(String(answers[condition.name] ?? "")) !== "none_of" in condition;
}

const length = (words) => [...words].length;
const WHOLE = /^-?[0-9]{1,12}$/, DECIMAL = /^-?[0-9]{1,12}(\.[0-9]{1,3})?$/, MONEY = /^-?[0-9]{1,12}(\.[0-9]{1,2})?$/;

function isDay(value) {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().slice(0, 10) === value;
}

// Yuan are asked where fen are kept: the question that a "fen" one is taken from.
export function moneyNames(section) {
  return new Set(section.questions.filter((question) => question.type === "fen").map((question) => question.source));
}

// What is wrong with an answer: "needed", "impossible", or null. Answers are texts, several choices apart by spaces.
export function fault(question, answers, today, isMoney = false) {
  if (FILLED.has(question.type) || question.type === "photo" || question.type === "member") return null;
  if (!asked(question, answers)) return null;
  const value = String(answers[question.name] ?? "").trim();
  if (!value) return question.required ? "needed" : null;
  return possible(question, value, answers, today, isMoney) ? null : "impossible";
}

function possible(question, value, answers, today, isMoney) {
  const bounds = question.bounds ?? {};
  const chosen = question.type === "choices" ? value.split(/\s+/) : [value];
  switch (question.type) {
    case "whole":
      if (!WHOLE.test(value)) return false;
      break;
    case "decimal":
      if (!(isMoney ? MONEY : DECIMAL).test(value)) return false;
      break;
    case "day":
      if (!isDay(value)) return false;
      break;
    case "choice":
    case "choices":
      if (chosen.some((each) => !question.choices.some((choice) => choice.value === each))) return false;
      break;
  }
  if (bounds.least !== undefined && Number(value) < bounds.least) return false;
  if (bounds.greatest !== undefined && Number(value) > bounds.greatest) return false;
  if (bounds.most !== undefined && (question.type === "choices" ? chosen.length : length(value)) > bounds.most) return false;
  if (bounds.pattern && !new RegExp(`^(?:${bounds.pattern})$`, "u").test(value)) return false;
  if (bounds.without && chosen.includes(answers[bounds.without])) return false;
  if (bounds.past && value > today) return false;
  return true;
}

// Every fault of a form: [{ section, member, name, kind }] in the form's order; `member` is a place among the members or null.
export function faults(model, answers, members, today) {
  const found = [];
  for (const section of model.sections) {
    const money = moneyNames(section);
    const look = (member, given) => {
      for (const question of section.questions) {
        const kind = fault(question, given, today, money.has(question.name));
        if (kind) found.push({ section: section.name, member, name: question.name, kind });
      }
    };
    if (!section.repeats) look(null, answers);
    else members.forEach((member, at) => { if (member.touched) look(at, member.answers); });
  }
  return found;
}
