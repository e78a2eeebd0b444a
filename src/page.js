/* Makes a page live. Every page says all it has to say without this. */
"use strict";

/* A dashboard looks again as often as it says that a browser without scripts should, and keeps the place one is at. */
{
	const main = () => document.querySelector("main");
	const every = /content="(\d+)/.exec(document.querySelector("head noscript")?.textContent ?? "");
	const mark = (e) => e?.getAttribute("aria-label") ?? e?.getAttribute("href");
	const look = async () => {
		try {
			const answer = document.hidden ? null : await fetch(location.href, { headers: { Accept: "text/html" } });
			const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
			const next = page?.querySelector("main");
			const at = main().contains(document.activeElement) ? mark(document.activeElement) : null;
			if (next) {
				main().replaceWith(document.adoptNode(next));
				if (at)
					[...main().querySelectorAll("a, button")].find((e) => mark(e) === at)?.focus({ preventScroll: true });
			}
		} catch {
			/* The next time, then. */
		}
		setTimeout(look, every[1] * 1000);
	};
	if (every && document.querySelector("main [data-live]"))
		setTimeout(look, every[1] * 1000);
}
