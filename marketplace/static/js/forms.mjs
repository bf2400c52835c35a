// Comforts for forms. Each works as a plain form when this file never arrives.

// data-once: a second press while the first is on its way is dropped. The button stays enabled, so its value is sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

// A page taken back from the browser's memory can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// data-stepper: minus and plus; with data-auto the form is sent once the fingers rest.
function bounds(input) {
  const minus = input.parentElement.querySelector('[data-step="-1"]');
  const plus = input.parentElement.querySelector('[data-step="1"]');
  if (minus) minus.disabled = Number(input.value) <= Number(input.min || 1);
  if (plus) plus.disabled = input.max !== "" && Number(input.value) >= Number(input.max);
}

function sendLater(input) {
  clearTimeout(input.timer);
  input.timer = setTimeout(() => { if (input.reportValidity()) input.form.requestSubmit(); }, 600);
}

for (const stepper of document.querySelectorAll("[data-stepper]")) {
  const input = stepper.querySelector("input");
  bounds(input);
  stepper.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    if (Number(step.dataset.step) > 0) input.stepUp(); else input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", () => {
    bounds(input);
    if (stepper.hasAttribute("data-auto")) sendLater(input);
  });
}

// data-facets: one choice is enough where only one can be made; boxes wait for the button, so that several can be ticked.
for (const form of document.querySelectorAll("[data-facets]")) {
  form.addEventListener("change", (event) => { if (event.target.type === "radio") form.requestSubmit(); });
}

// data-autosend: a select or date that sends its form.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosend]")) event.target.form.requestSubmit();
});

// data-presses: a select that presses a button of its form, such as the one that shows a province's counties.
document.addEventListener("change", (event) => {
  if (event.target.dataset.presses) document.getElementById(event.target.dataset.presses)?.click();
});

document.querySelector("[data-focus]")?.focus();

// Signing out locks the forms that are open for collection in another window.
document.addEventListener("submit", (event) => {
  if (/\/sign-out(-everywhere)?$/.test(event.target.action)) new BroadcastChannel("nongqiao-collect").postMessage("lock");
});

// data-back: back to the form as it was filled in, while the browser has it.
for (const link of document.querySelectorAll("[data-back] a")) {
  link.addEventListener("click", (event) => { if (history.length > 1) { event.preventDefault(); history.back(); } });
}
