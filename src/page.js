/* Makes pages live. Every page says all it has to say without this, and is then loaded again now and then. */
"use strict";

(() => {
	const job = document.getElementById("job");
	if (!job)
		return;
	const at = id => document.getElementById(id);
	const link = job.dataset.link, state = job.dataset.state;
	const ended = ["done", "failed"];
	let since = NaN, over = false;

	const age = ms => {
		const s = Math.max(0, Math.floor(ms / 1000)), two = n => String(n).padStart(2, "0");
		return s < 60 ? `${s}s` : s < 3600 ? `${Math.floor(s / 60)}m${two(s % 60)}s` :
			s < 86400 ? `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m` :
			`${Math.floor(s / 86400)}d${two(Math.floor(s / 3600) % 24)}h`;
	};

	const reload = () => {
		if (!over)
			location.reload();
		over = true;
	};

	const show = v => {
		/* Another state is another page; what is the same one is only written anew. */
		if (ended.includes(v.state) || v.state !== state)
			return reload();
		const words = at("words"), bar = at("bar");
		words.textContent = v.progress || "";
		words.hidden = !v.progress;
		if (v.percent === null || v.percent === undefined)
			bar.removeAttribute("value");
		else
			bar.value = v.percent;
		if (v.place !== null && v.place !== undefined)
			at("place").textContent = v.place + 1;
		if (v.attempts !== null)
			at("attempts").textContent = v.attempts;
		since = Date.parse(v.started || v.submitted);
	};

	const ask = async () => {
		let pace = Number(job.dataset.pace) || 1;
		try {
			const reply = await fetch(link, { headers: { Accept: "application/json" }, redirect: "manual" });
			if (reply.type === "opaqueredirect")
				return reload();
			pace = Number(reply.headers.get("Retry-After")) || pace;
			show(await reply.json());
		} catch {
			/* The server may be back the next time. */
		}
		if (!over)
			setTimeout(ask, pace * 1000);
	};

	const listen = () => {
		const source = new EventSource(`${link}/events`);
		let heard = false;
		const take = event => {
			heard = true;
			try {
				show(JSON.parse(event.data));
			} catch {
				/* It was no event of a job. */
			}
		};
		source.addEventListener("state", take);
		source.addEventListener("progress", take);
		source.addEventListener("end", () => {
			source.close();
			reload();
		});
		source.onerror = () => {
			if (heard && source.readyState !== EventSource.CLOSED)
				return;
			source.close();
			ask();
		};
		addEventListener("pagehide", () => source.close());
	};

	setInterval(() => {
		if (!Number.isNaN(since))
			at("elapsed").textContent = age(Date.now() - since);
	}, 1000);
	if (window.EventSource)
		listen();
	else
		ask();
})();

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
