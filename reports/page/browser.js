// The image browser. Without this script its pictures and values lie, readable, in the list below it.
"use strict";
for (const store of document.querySelectorAll(".store")) {
  const browser = store.previousElementSibling;
  const measures = JSON.parse(store.dataset.measures);
  const photographs = [...store.querySelectorAll(".photograph")].map((row) => ({
    id: row.dataset.id,
    shown: Object.fromEntries([...row.querySelectorAll("figure")].map((figure) => [figure.dataset.method, {
      picture: figure.querySelector("img"), values: JSON.parse(figure.dataset.values),
    }])),
  }));
  const methods = Object.keys(photographs[0].shown);
  const part = (name) => browser.querySelector(`[data-part=${name}]`);
  const [measure, of, order, photograph, left, right, slider] =
    ["measure", "of", "order", "photograph", "left", "right", "slider"].map(part);
  const formatted = (name, value) => {
    const [title, digits] = measures[name];
    return { title, text: value === null ? "-" : value.toFixed(digits) };
  };
  const option = (value, text) => new Option(text, value);

  measure.append(option("", "name"), ...Object.entries(measures).map(([name, [title]]) => option(name, title)));
  for (const choice of [of, left, right]) choice.append(...methods.map((method) => option(method, method)));
  of.value = left.value = store.dataset.left;
  right.value = store.dataset.right;

  function sort() {
    const chosen = photograph.value;
    const value = (one) => measure.value ? one.shown[of.value].values[measure.value] : null;
    const sign = order.value === "falling" ? -1 : 1;
    const sorted = [...photographs].sort((a, b) => {
      if (!measure.value) return sign * (a.id < b.id ? -1 : 1);
      const [first, second] = [value(a), value(b)];
      if (first === null || second === null) return (first === null) - (second === null);
      return sign * (first - second);
    });
    photograph.replaceChildren(...sorted.map((one, place) => {
      const beside = measure.value ? ` (${formatted(measure.value, value(one)).text})` : "";
      return option(one.id, `${place + 1}. ${one.id}${beside}`);
    }));
    photograph.value = measure.value || !chosen ? sorted[0].id : chosen;
    show();
  }

  function show() {
    const { id, shown } = photographs.find((one) => one.id === photograph.value);
    for (const [side, method] of [["under", left.value], ["over", right.value]]) {
      part(side).src = shown[method].picture.src;
      part(side).alt = `${method}: photograph ${id}`;
    }
    part("left-name").textContent = left.value;
    part("right-name").textContent = right.value;
    const head = ["Method", ...Object.values(measures).map(([title]) => title)];
    const cell = (kind, text, scope) => {
      const made = document.createElement(kind);
      made.textContent = text;
      if (scope) made.scope = scope;
      return made;
    };
    part("head").replaceChildren(...head.map((text) => cell("th", text, "col")));
    part("body").replaceChildren(...methods.map((method) => {
      const row = document.createElement("tr");
      row.className = [left.value, right.value].includes(method) ? "chosen" : "";
      row.append(cell("th", method, "row"), ...Object.keys(measures).map((name) =>
        cell("td", formatted(name, shown[method].values[name]).text)));
      return row;
    }));
    part("said").textContent = `Photograph ${photograph.selectedIndex + 1} of ${photographs.length}, ${id}: ` +
      `${left.value} on the left, ${right.value} on the right.`;
  }

  function slide() {
    part("stage").style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} per cent ${left.value}`);
  }

  function step(by) {
    const count = photographs.length;
    photograph.selectedIndex = (photograph.selectedIndex + by + count) % count;
    show();
  }

  for (const one of [measure, of, order]) one.addEventListener("change", sort);
  for (const one of [photograph, left, right]) one.addEventListener("change", () => { show(); slide(); });
  slider.addEventListener("input", slide);
  part("before").addEventListener("click", () => step(-1));
  part("after").addEventListener("click", () => step(1));
  const drag = (event) => {
    const box = part("stage").getBoundingClientRect();
    slider.value = Math.round(100 * (event.clientX - box.left) / box.width);
    slide();
  };
  part("stage").addEventListener("pointerdown", drag);
  part("stage").addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
  sort();
  slide();
  browser.hidden = false;
}
