// What a form does better with a script: it works without.
"use strict";

(() => {
  // A field that depends on another is shown, and required, only when the server would ask for
  // it (shared/form_fields.py). What is hidden is not sent, and counts for no other field.
  const inside = (box) => [...box.querySelectorAll("input, select, textarea")];

  const valueOf = (form, name) => {
    const field = form.elements.namedItem(name);
    if (!field || field.disabled) return "";
    if (field.type !== "file") return field.value.trim();
    const kept = field.closest(".field").querySelectorAll("input[name=kept]:checked");
    return field.files.length || kept.length ? "files" : "";
  };

  const holds = (form, condition) => {
    const value = valueOf(form, condition.field).toLowerCase();
    if (!condition.values.length) return value !== "";
    return condition.values.some((each) => each.toLowerCase() === value);
  };

  const lookAgain = (form) => {
    for (const box of form.querySelectorAll("[data-shown-when], [data-required-when]")) {
      const { shownWhen, requiredWhen } = box.dataset;
      const shown = !shownWhen || holds(form, JSON.parse(shownWhen));
      box.hidden = !shown;
      for (const each of inside(box)) each.disabled = !shown;
      if (!requiredWhen) continue;
      const required = holds(form, JSON.parse(requiredWhen));
      const optional = box.querySelector(".optional");
      if (optional) optional.hidden = required;
      for (const each of inside(box)) {
        if (each.name !== "kept") each.ariaRequired = required ? "true" : null;
      }
    }
  };

  for (const form of document.querySelectorAll("form")) {
    if (!form.querySelector("[data-shown-when], [data-required-when]")) continue;
    form.addEventListener("input", () => lookAgain(form));
    form.addEventListener("change", () => lookAgain(form));
    lookAgain(form);
  }

  // Too large a file is told of before it travels.
  const tellOfFiles = (input) => {
    const most = Number(input.dataset.bytesMax);
    const large = [...input.files].filter((file) => file.size > most).map((file) => file.name);
    const many = input.files.length > Number(input.dataset.filesMax);
    let told = input.parentElement.querySelector(".file-trouble");
    if (!told) {
      told = document.createElement("p");
      told.className = "error file-trouble";
      told.setAttribute("role", "alert");
      input.after(told);
    }
    told.textContent = large.length
      ? `${input.dataset.tooLarge} ${large.join(", ")}.`
      : many ? input.dataset.tooMany : "";
  };

  for (const input of document.querySelectorAll("input[type=file][data-bytes-max]")) {
    input.addEventListener("change", () => tellOfFiles(input));
  }

  // Times on the ticket's page are told in the zone of whoever fills in the form.
  for (const input of document.querySelectorAll("[data-timezone]")) {
    input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }

  // What may be about the same is offered while the subject is typed. Whoever has seen it is not
  // asked once more before the form is sent.
  const WAIT_MS = 400;
  const offer = (box) => {
    const form = box.closest("form");
    const input = form.elements.namedItem(box.dataset.offersFor);
    let waiting = 0;
    let asked = "";
    const look = async () => {
      const subject = input.value.trim();
      if (subject === asked) return;
      asked = subject;
      const body = new URLSearchParams({ subject });
      try {
        const answer = await fetch(box.dataset.offersFrom, { method: "POST", body });
        if (!answer.ok || subject !== asked) return;
        // The server's own page, in which everything is escaped.
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.querySelector("li") !== null;
        box.replaceChildren(...(found ? page.body.childNodes : []));
        if (found) form.elements.namedItem("offered").value = "yes";
      } catch {
        asked = "";
      }
    };
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(look, WAIT_MS);
    });
  };
  document.querySelectorAll("[data-offers-for]").forEach(offer);

  // After a form came back, who uses a screen reader begins with what is wrong.
  (document.querySelector(".problems") ?? document.querySelector(".notice.similar"))?.focus();
})();
