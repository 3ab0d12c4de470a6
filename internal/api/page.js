// The page works without this script, which adds four things: tables that sort, a
// button that copies, the curve of budgets when somebody comes to where it stands, and
// new rounds as they come in. It asks for the page itself again and takes over its
// <main>, so that the server alone says what is shown.
"use strict";
(() => {
  const live = document.getElementById("live");
  const sorted = {}; // table → column and direction, kept when a new round comes in

  const key = (row, column) => {
    const cell = row.cells[column];
    return "v" in cell.dataset ? cell.dataset.v : cell.textContent;
  };

  const sort = (table, column, direction) => {
    const heads = table.tHead.rows[0].cells;
    for (const [i, th] of [...heads].entries()) {
      if (th.hasAttribute("aria-sort")) th.setAttribute("aria-sort", i === column ? direction : "none");
    }
    const sign = direction === "ascending" ? 1 : -1;
    const number = heads[column].classList.contains("n");
    const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => {
      if (!number) return sign * a.localeCompare(b, undefined, { numeric: true });
      const x = parseFloat(a), y = parseFloat(b);
      if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y); // unknown ones last
      return sign * (x - y);
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
    sorted[table.dataset.sort] = [column, direction];
  };

  const sortable = (table) => {
    for (const [i, th] of [...table.tHead.rows[0].cells].entries()) {
      if ("plain" in th.dataset) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = th.textContent;
      button.addEventListener("click", () => {
        const first = th.classList.contains("n") ? "descending" : "ascending";
        const second = first === "ascending" ? "descending" : "ascending";
        sort(table, i, th.getAttribute("aria-sort") === first ? second : first);
      });
      th.setAttribute("aria-sort", "none");
      th.replaceChildren(button);
    }
    const before = sorted[table.dataset.sort];
    if (before) sort(table, ...before);
  };

  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Pages that came neither by HTTPS nor from this machine have no clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("refused");
  };

  const copyable = (tools) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await copy(document.getElementById(tools.dataset.copy).textContent);
        live.textContent = "Copied.";
      } catch {
        live.textContent = "The browser does not let this page copy: use Download.";
      }
    });
    tools.prepend(button);
  };

  // draw shows the curve, which the server makes when it is asked for it, or says why
  // there is none.
  const draw = async (box) => {
    const say = (text) => {
      const p = document.createElement("p");
      p.textContent = text;
      box.replaceChildren(p);
    };
    say("It is being computed, which takes some seconds for a large mesh …");
    try {
      const answer = await fetch(box.dataset.curve);
      if (!answer.ok) return say("There is no curve: " + (await answer.json()).detail);
      // The page has the style already, and its policy lets no other in; and the ground.
      const text = (await answer.text()).replace(/<style>[^]*?<\/style>/, "");
      const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      svg.querySelectorAll(":scope > title, :scope > rect").forEach((e) => e.remove());
      box.replaceChildren(document.importNode(svg, true));
    } catch {
      say("The server did not answer: the link below asks again.");
    }
  };

  const near = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      near.unobserve(e.target);
      draw(e.target);
    }
  });

  const enhance = () => {
    near.disconnect();
    document.querySelectorAll("[data-curve]").forEach((box) => near.observe(box));
    document.querySelectorAll("table[data-sort]").forEach(sortable);
    document.querySelectorAll("[data-copy]").forEach(copyable);
  };

  // takeOver shows the new page in place of this one, and leaves the reader, who may
  // be at a button that has just been replaced, where they were.
  const takeOver = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const controls = () => [...document.querySelectorAll("main a, main button, main [tabindex]")];
    const at = controls().indexOf(document.activeElement);
    document.title = page.title;
    document.body.dataset.tag = page.body.dataset.tag;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    enhance();
    if (at >= 0) controls()[at]?.focus({ preventScroll: true });
    live.textContent = document.querySelector("h1").textContent + " has come in.";
  };

  const often = 2000, seldom = 30000; // milliseconds
  let wait = often;

  const watch = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch("/", { headers: { "If-None-Match": document.body.dataset.tag }, cache: "no-store" });
        if (wait > often) live.textContent = "";
        wait = often;
        if (answer.status === 200) takeOver(await answer.text());
      } catch {
        wait = Math.min(2 * wait, seldom);
        live.textContent = "The server does not answer: this is what was known last.";
      }
    }
    setTimeout(watch, wait);
  };

  enhance();
  if (!("pinned" in document.body.dataset)) setTimeout(watch, wait);
})();
