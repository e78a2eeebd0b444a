// openapi.mjs DOCUMENT DIRECTORY: checks recorded answers against an OpenAPI description, and prints a line of TAP for each
// finding, to which the caller gives numbers.
//
// DIRECTORY has for each exchange N the files N.method, N.target, N.head and N.body.
import { readFileSync, readdirSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

// What a default answer may be, and what cannot be brought about at will: a broken disk, a server that may not look; tokens, and
// queues that are not open to all.
const REFUSED = [400, 408, 414, 417, 429, 431, 501, 503, 505]
const RARE = new Set(['401', '500', '503'])
const GUARDED = new Set(['post /{queue} 403', 'get /{queue}/{id} 403', 'get /{queue}/{id}/result 403', 'get /{queue}/{id}/log 403',
	'get /{queue}/{id}/events 403'])
// Fields that say something of the answer, and so are told of in the description.
const TOLD = ['location', 'content-location', 'retry-after', 'link', 'preference-applied', 'etag', 'accept-ranges', 'content-range',
	'content-disposition', 'allow', 'accept', 'accept-encoding', 'www-authenticate']

const [file, directory] = process.argv.slice(2)
const doc = JSON.parse(readFileSync(file))
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true })
addFormats(ajv)
ajv.addVocabulary(['components'])

const say = (good, name, why) => console.log(`${good ? 'ok' : 'not ok'} - ${name}${good ? '' : `\n# ${why}`}`.replace(/\n(?!#)/g, '\n# '))
const at = (x) => x && x.$ref ? at(x.$ref.slice(2).split('/').reduce((o, k) => o[k.replace(/~1/g, '/').replace(/~0/g, '~')], doc)) : x

const compiled = new Map()
function fits(schema, value)
{
	if (!compiled.has(schema))
		compiled.set(schema, ajv.compile({ ...schema, components: doc.components }))
	const check = compiled.get(schema)
	return check(value) ? '' : ajv.errorsText(check.errors)
}

function findPath(target)
{
	const path = target.replace(/\?.*/, '') || '/'
	return Object.keys(doc.paths).sort((a, b) => a.includes('{') - b.includes('{')).find((template) =>
		new RegExp('^' + template.replace(/[.]/g, '\\.').replace(/\{[^}]*\}/g, '[^/]+') + '$').test(path))
}

function read(n)
{
	const text = (kind) => readFileSync(`${directory}/${n}.${kind}`, 'utf8')
	const [first, ...lines] = text('head').trim().split('\n')
	const fields = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])
	return { method: text('method').trim(), target: text('target').trim(), status: first.match(/^\S+ (\d+)/)[1], fields, body: text('body') }
}

// The description of an answer, or why there is none.
function findResponse(x, path)
{
	const item = doc.paths[path]
	const operation = item[x.method.toLowerCase()] ?? (x.method === 'HEAD' ? item.get : undefined)
	if (!operation)
		return ['405', '501'].includes(x.status) ? { response: at(doc.components.responses.Refused) } : { why: 'no such operation' }
	x.operation = operation
	if (operation.responses[x.status])
		return { response: at(operation.responses[x.status]) }
	if (operation.responses.default && REFUSED.includes(Number(x.status)))
		return { response: at(operation.responses.default) }
	return { why: `status ${x.status} is not described` }
}

function checkFields(x, response)
{
	for (const [name, value] of x.fields) {
		const described = Object.entries(response.headers ?? {}).find(([key]) => key.toLowerCase() === name)
		if (!described) {
			if (TOLD.includes(name))
				return `the field ${name} is not described`
			continue
		}
		const { schema } = at(described[1])
		const why = fits(schema, schema.type === 'integer' ? Number(value) : value)
		if (why)
			return `${name}: ${value}: ${why}`
	}
	return ''
}

function checkBody(x, response)
{
	const type = (x.fields.find(([name]) => name === 'content-type')?.[1] ?? '').replace(/;.*/, '')
	if (!response.content)
		return x.body === '' ? '' : 'there is a body'
	const media = response.content[type] ?? response.content['*/*']
	if (!media)
		return `the type '${type}' is not described`
	if (x.method === 'HEAD')
		return x.body === '' ? '' : 'HEAD has a body'
	if (type === 'application/x-ndjson')
		return x.body.trim().split('\n').map((line) => fits(media.schema, JSON.parse(line))).find(Boolean) ?? ''
	if (type === 'text/event-stream')
		return x.body.match(/^data: .*$/gm).map((line) => fits(doc.components.schemas.Event, JSON.parse(line.slice(6)))).find(Boolean) ?? ''
	if (!/json$/.test(type))
		return fits(media.schema, x.body)
	const value = JSON.parse(x.body)
	if (type === 'application/problem+json' && String(value.status) !== x.status)
		return 'the problem is of another status'
	return fits(media.schema, value)
}

const valid = await new Validator().validate(doc)
say(valid.valid, 'it is an OpenAPI description', JSON.stringify(valid.errors))
say(doc.openapi.startsWith('3.1.'), 'of version 3.1', doc.openapi)

const seen = new Set(), skipped = new Set()
for (const n of readdirSync(directory).filter((name) => name.endsWith('.head')).map((name) => parseInt(name)).sort((a, b) => a - b)) {
	const x = read(n), path = findPath(x.target)
	const name = `${n}: ${x.method} ${x.target} ${x.status}`
	if (!path) {
		say(x.status === '404', name, 'the path is not described')
		continue
	}
	// A route that this build has not.
	if (x.status === '404' && JSON.parse(x.body || '{}').type === 'about:blank') {
		skipped.add(path)
		console.log(`ok - ${path} is described # SKIP it is not served`)
		continue
	}
	const { response, why } = findResponse(x, path)
	const wrong = why ?? (checkFields(x, response) || checkBody(x, response))
	say(!wrong, name, wrong)
	seen.add(`${x.method.toLowerCase()} ${path} ${x.status}`)
}

const missing = []
for (const [path, item] of Object.entries(doc.paths))
	for (const [method, operation] of Object.entries(item))
		for (const status of Object.keys(operation.responses ?? {}))
			if (status !== 'default' && !RARE.has(status) && !skipped.has(path) && !GUARDED.has(`${method} ${path} ${status}`) &&
				!seen.has(`${method} ${path} ${status}`))
				missing.push(`${method} ${path} ${status}`)
say(missing.length === 0, 'each answer that is described was seen', `never seen:\n${missing.join('\n')}`)
