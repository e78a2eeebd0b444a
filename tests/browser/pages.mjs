// Drives Chromium over the pages of wqw-httpd. Prints lines "ok NAME" or "not ok NAME: why"; tests/3410-browser.t makes TAP of
// them. Arguments: what it is to find at, the server's address, the directory for screenshots, a directory with files to send.
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [modules, executablePath, site, shots, files] = process.argv.slice(2);
const load = createRequire(join(modules, "x.js"));
const { chromium } = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const looks = [["phone", 390, "light"], ["phone", 390, "dark"], ["desktop", 1280, "light"], ["desktop", 1280, "dark"]];
const strange = [], complaints = [];

const tell = (good, name, why) => console.log(good ? `ok ${name}` : `not ok ${name}: ${String(why).replaceAll("\n", " ")}`);
const equal = (got, wanted, name) => tell(got === wanted, name, `got ${got}, wanted ${wanted}`);

const watch = page => {
	page.setDefaultTimeout(15000);
	page.on("request", r => {
		if (!r.url().startsWith(site))
			strange.push(r.url());
	});
	page.on("console", m => {
		// A listener without events says 404 to who asks for them, and the page asks for the state instead.
		// And that a form without a file is refused is said by a page.
		if (m.type() === "error" && !m.location().url.endsWith("/events") && !m.text().includes("status of 400"))
			complaints.push(`${page.url()}: ${m.text()}`);
	});
	page.on("pageerror", e => complaints.push(`${page.url()}: ${e}`));
	return page;
};

// One page as it is seen on each screen: a picture, no scrolling to the side, nothing that axe objects to.
const inspect = async (page, name) => {
	for (const [screen, width, colorScheme] of looks) {
		await page.setViewportSize({ width, height: 844 });
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await page.screenshot({ path: join(shots, `${name}-${screen}-${colorScheme}.png`), fullPage: true });
		const extra = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		tell(extra <= 0, `${name}, ${screen}, ${colorScheme}: fits`, `${extra} pixels too wide`);
		await page.evaluate(axe);
		const { violations } = await page.evaluate(() => window.axe.run());
		tell(violations.length === 0, `${name}, ${screen}, ${colorScheme}: accessible`,
			violations.map(v => `${v.id} (${v.nodes.map(n => n.target).join(", ")})`).join("; "));
	}
};

const submit = async (page, queue, ...names) => {
	await page.goto(`${site}/${queue}`);
	await page.setInputFiles("input[type=file]", names.map(n => join(files, n)));
	await Promise.all([page.waitForNavigation(), page.click("form button:text('Submit')")]);
};

const form = async page => {
	await page.goto(`${site}/photos`);
	await inspect(page, "form");
	await page.click("summary");
	await inspect(page, "form-options");
	await submit(page, "photos");
	tell((await page.textContent("h1")).startsWith("400"), "a form without a file: an error page", await page.textContent("h1"));
	await inspect(page, "error");
};

const progress = async page => {
	await submit(page, "photos", "photo.png");
	tell(/\/photos\/[^/]+$/.test(page.url()), "a form leads to the job's page", page.url());
	equal(await page.textContent("h1"), "Your request is being processed", "which says so");
	await page.waitForFunction(() => document.getElementById("bar")?.value === 40);
	equal(await page.textContent("#words"), "making it <b>small</b>", "progress is seen as it comes");
	await inspect(page, "running");
	writeFileSync(join(files, "go"), "");
	await page.waitForSelector("figure img");
	await page.waitForFunction(() => document.querySelector("figure img").naturalWidth > 0);
	equal(await page.textContent("h1"), "Your request is done", "the page comes to the result by itself");
	await inspect(page, "done-image");
};

const results = async page => {
	await submit(page, "words", "page.txt");
	await page.waitForSelector("pre");
	equal(await page.textContent("pre"), "<SCRIPT>ALERT(1)</SCRIPT>\n", "text as text");
	await inspect(page, "done-text");
	await page.goto(`${site}/words`);
	await page.fill("textarea", "pasted");
	await Promise.all([page.waitForNavigation(), page.click("form button:text('Submit')")]);
	await page.waitForSelector("pre");
	equal(await page.textContent("pre"), "PASTED", "text that was pasted");
	await submit(page, "words", "page.txt", "photo.png");
	equal(await page.locator("tbody tr").count(), 2, "several files: a table of jobs");
	await inspect(page, "bulk");
};

const failure = async page => {
	await submit(page, "bad", "page.txt");
	await page.waitForSelector(".note.bad");
	equal(await page.textContent("h1"), "Your request has failed", "a job that has failed");
	await inspect(page, "failed");
};

// The operator sees the dead letter, and has it run again.
const dashboard = async page => {
	await page.goto(`${site}/`);
	await page.waitForSelector("table");
	await inspect(page, "dashboard");
	await page.goto(`${site}/bad?view=dashboard`);
	const retry = page.locator("form[action*='/retry'] button").first();
	const job = (await retry.locator("xpath=..").getAttribute("action")).replace(/\/retry.*/, "");
	const state = async () => (await fetch(job.startsWith("http") ? job : `${site}${job}`)).json();
	const before = (await state()).finished;
	await inspect(page, "dashboard-queue");
	await Promise.all([page.waitForNavigation(), retry.click()]);
	tell(page.url().endsWith("/bad?view=dashboard"), "a retry leads back to the dashboard", page.url());
	await page.goto(job.startsWith("http") ? job : `${site}${job}`);
	await page.waitForSelector(".note.bad");
	const after = await state();
	tell(after.state === "failed" && after.finished !== before, "and the job has run once more", JSON.stringify(after));
};

const plain = async browser => {
	const context = await browser.newContext({ javaScriptEnabled: false });
	const page = watch(await context.newPage());
	await submit(page, "words", "page.txt");
	await page.waitForSelector("pre");
	equal(await page.textContent("h1"), "Your request is done", "without scripts the page comes to the result, too");
	await context.close();
};

const top = async page => {
	await page.goto(`${site}/`);
	await inspect(page, "top");
};

const data = mkdtempSync(join(tmpdir(), "wqw-chromium."));
const context = await chromium.launchPersistentContext(data, {
	executablePath, headless: true, bypassCSP: false, viewport: { width: 1280, height: 844 },
	args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-proxy-server"]
});
try {
	const page = watch(await context.newPage());
	for (const part of [top, form, progress, results, failure, dashboard])
		await part(page);
	const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-proxy-server"] });
	await plain(browser);
	await browser.close();
	equal(strange.join(" "), "", "no request went to another host");
	equal(complaints.join("; "), "", "the browser has no complaints");
} catch (error) {
	tell(false, "the pages", error);
} finally {
	await context.close();
	rmSync(data, { recursive: true, force: true });
}
