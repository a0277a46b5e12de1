// Filters, and opening the section that a link points at. Everything can be read without this script.
(() => {
  const form = document.getElementById("filters");
  const { outcome, backend, text, open, close } = form.elements;
  const output = form.querySelector("output");
  const scenarios = [...document.querySelectorAll("details.scenario")].map((details) => ({
    details,
    title: details.querySelector("summary").textContent.toLowerCase(),
    lines: [...details.querySelectorAll("tbody.line")].map((body) => ({
      body,
      outcomes: body.dataset.o.trim().split(/\s+/),
      words: body.textContent.toLowerCase(),
    })),
  }));
  const total = scenarios.reduce((sum, { lines }) => sum + lines.length, 0);
  const columns = document.head.appendChild(document.createElement("style"));
  const backends = [...backend.options].slice(1).map((option) => option.value);

  const fits = ({ outcomes, words }, title, wanted, who, terms) => {
    const asked = who === "" ? outcomes : [outcomes[Number(who)]];
    const given = asked.filter((name) => name !== "-");
    if (who !== "" && !given.length) return false;
    if (wanted === "!" && given.every((name) => name === "pass")) return false;
    if (wanted && wanted !== "!" && !given.includes(wanted)) return false;
    return terms.every((term) => words.includes(term) || title.includes(term));
  };

  const apply = () => {
    const terms = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const narrowed = outcome.value !== "" || terms.length > 0;
    let shown = 0;
    for (const { details, title, lines } of scenarios) {
      let found = 0;
      for (const line of lines) {
        const kept = fits(line, title, outcome.value, backend.value, terms);
        line.body.hidden = !kept;
        found += kept;
      }
      details.hidden = found === 0 && (narrowed || backend.value !== "");
      if (narrowed && found) details.open = true;
      for (const table of details.querySelectorAll("table.lines")) {
        table.hidden = !table.querySelector("tbody.line:not([hidden])");
      }
      shown += found;
    }
    columns.textContent = backend.value === "" ? "" : backends
      .filter((index) => index !== backend.value)
      .map((index) => `details.scenario .b${index}{display:none}`).join("");
    output.textContent = `${shown} of ${total} lines`;
  };

  const show = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details.scenario")) return;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  open.addEventListener("click", () => scenarios.forEach(({ details }) => { details.open = true; }));
  close.addEventListener("click", () => scenarios.forEach(({ details }) => { details.open = false; }));
  addEventListener("hashchange", show);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) show();
  });
  apply();
  show();
})();
