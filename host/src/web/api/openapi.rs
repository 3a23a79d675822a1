//! The OpenAPI 3.1 document, written from the table of endpoints, and the page that shows it to people.
//!
//! `docs/openapi.json` is the document as of now; a test holds the two together.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, RestrictFormats};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::endpoint::{Answer, Endpoint};
use super::problem::{Details, KINDS};
use super::{BASE, idempotency, table};
use crate::incident::event::Role;
use crate::web::access::Access;
use crate::web::desk::{Asked, Desk, ZIP};
use crate::web::page::{self, Operation, Parameter};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| written(&table()));

/// `GET /api/v1/openapi.json`.
pub(in crate::web) async fn document() -> Response {
    let text = serde_json::to_vec(&*DOCUMENT).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// `GET /api`: the same for people.
pub(in crate::web) async fn reference(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| {
        let around = (rows.figures()?, rows.watches()?);
        Ok(page::reference(visit, around, operations(&DOCUMENT), &KINDS)?)
    })
    .await
}

/// The document.
pub(super) fn written(endpoints: &[Endpoint]) -> Value {
    // OpenAPI 3.1 takes JSON Schema as it is (2020-12); definitions lie where OpenAPI looks for them.
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let settings = settings.with_transform(RecursiveTransform(bounded as fn(&mut Schema)));
    let mut generator = settings.with_transform(RestrictFormats::default()).into_generator();
    let problem = generator.subschema_for::<Details>();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, &mut generator);
        let path = paths.entry(endpoint.path.clone()).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_ascii_lowercase()] = operation;
    }
    let problems: Map<String, Value> = KINDS
        .iter()
        .map(|(status, _, words)| {
            let content = json!({ "application/problem+json": { "schema": problem } });
            (status.to_string(), json!({ "description": words, "content": content }))
        })
        .collect();
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Caifeng",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the pages of Caifeng do, for programs. Times are seconds since 1970-01-01T00:00:00Z.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token made on the page of your account." },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::web::access::COOKIE }
            },
            "responses": problems,
            "schemas": schemas
        }
    })
}

/// Says of whole numbers how large they may be: what a format says binds nobody (JSON Schema 2020-12, Validation §7.2.1).
fn bounded(schema: &mut Schema) {
    if let Some(schema) = schema.as_object_mut() {
        bound(schema);
    }
}

/// Also of a parameter, whose schema is none of its own.
fn bound(schema: &mut Map<String, Value>) {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
        Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
        Some("uint32") => (json!(0), json!(u32::MAX)),
        Some("uint64" | "uint") => (json!(0), json!(u64::MAX)),
        _ => return,
    };
    for (bound, value) in [("minimum", least), ("maximum", most)] {
        schema.entry(bound).or_insert(value);
    }
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let described = &endpoint.described;
    let mut parameters = parameters(endpoint, generator);
    if described.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key again gets the answer of the first time, for a day.",
            "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::LONGEST, "pattern": "^[!-~]+$" }
        }));
    }
    let answer = match described.answer {
        Answer::Json(describe) => json!({
            "description": "Done, or what was asked for.",
            "content": { "application/json": { "schema": describe(generator) } }
        }),
        // What is in it is no JSON, and has no schema (OpenAPI 3.1 §4.8.14).
        Answer::Zip => json!({
            "description": "The archive, piece by piece; its name is in Content-Disposition.",
            "content": { ZIP: {} },
            "headers": { "Content-Disposition": { "required": true, "schema": { "type": "string" } } }
        }),
    };
    let mut responses = Map::new();
    responses.insert("200".to_owned(), answer);
    let has_body = described.body.is_some();
    for (status, _, _) in KINDS.iter().filter(|(status, _, _)| has_body || !matches!(status, 413 | 415)) {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    let mut operation = json!({
        "operationId": described.id,
        "summary": described.summary,
        "description": whom(endpoint.access),
        "tags": [tag(endpoint)],
        "parameters": parameters,
        "responses": responses
    });
    if let Some(body) = described.body {
        let mut content = json!({ "schema": body(generator) });
        let examples = described.examples.iter().filter_map(|(name, text)| {
            let value: Value = serde_json::from_str(text).ok()?;
            Some(((*name).to_owned(), json!({ "value": value })))
        });
        content["examples"] = Value::Object(examples.collect());
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": content } });
    }
    operation
}

/// The first part of the path.
fn tag(endpoint: &Endpoint) -> &str {
    endpoint.path[BASE.len()..].trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whom it is for, in words.
fn whom(access: Access) -> String {
    let named = |roles: &[Role]| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    match access {
        Access::Everybody => "For everybody.".to_owned(),
        Access::Signed => "For anybody who is signed in.".to_owned(),
        Access::Machine => "For anybody who is signed in, or on this machine.".to_owned(),
        Access::Able(act) => format!("For the roles: {}.", named(&act.roles())),
        // What is asked for decides who may.
        Access::AbleToAny(acts) => {
            let each = acts.iter().map(|act| format!("{}: {}", act.as_str(), named(&act.roles())));
            format!("For the roles, by what is done: {}.", each.collect::<Vec<_>>().join("; "))
        }
        Access::Realms(realms) => {
            let names: Vec<&str> = realms.iter().map(|realm| realm.as_str()).collect();
            format!("For users of the realms: {}.", names.join(", "))
        }
    }
}

/// What stands in path and query: the properties of the type that the endpoint reads them into.
fn parameters(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Vec<Value> {
    let schema = (endpoint.described.parameters)(generator);
    let mut schema = schema.to_value();
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned) {
        // It is described where it is used, and is no schema that anybody else names.
        schema = generator.definitions_mut().remove(&name).unwrap_or_default();
    }
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let none = Map::new();
    // The example of something that is read is its query.
    let query = endpoint.described.examples.first().filter(|_| endpoint.described.body.is_none());
    let asked: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        query.map(|(_, query)| url::form_urlencoded::parse(query.as_bytes()).collect()).unwrap_or_default();
    let parameter = |(name, property): (&String, &Value)| {
        let inside = endpoint.path.contains(&format!("{{{name}}}"));
        let mut property = property.clone();
        let words = property.as_object_mut().and_then(|it| it.remove("description"));
        let mut property = without_null(property);
        if let Some(property) = property.as_object_mut() {
            bound(property);
        }
        let mut parameter = json!({
            "name": name, "in": if inside { "path" } else { "query" },
            "required": inside || required.contains(name.as_str()), "schema": property
        });
        if let Some(words) = words {
            parameter["description"] = words;
        }
        if inside && parameter["schema"]["type"] == "integer" {
            parameter["example"] = json!(1);
        }
        if let Some((_, value)) = asked.iter().find(|(asked, _)| asked == name.as_str()) {
            parameter["example"] = json!(value);
        }
        parameter
    };
    schema["properties"].as_object().unwrap_or(&none).iter().map(parameter).collect()
}

/// A parameter is there or left out; it cannot be null.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema["type"].as_array() {
        let kept: Vec<Value> = types.iter().filter(|it| *it != "null").cloned().collect();
        if let [only] = &kept[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(variants) = schema["anyOf"].as_array() {
        let kept: Vec<Value> = variants.iter().filter(|it| it["type"] != "null").cloned().collect();
        if let [only] = &kept[..] {
            return only.clone();
        }
    }
    schema
}

/// What the page tells of each operation.
fn operations(document: &Value) -> Vec<Operation> {
    let none = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&none);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let mut told = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap_or(&none) {
            let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                words: text(&parameter["description"]),
            });
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let answer = &operation["responses"]["200"]["content"];
            let answer = match &answer["application/json"]["schema"] {
                Value::Null => answer.as_object().and_then(|kinds| kinds.keys().next()).cloned().unwrap_or_default(),
                schema => pretty(resolved(schema, document)),
            };
            told.push(Operation {
                id: text(&operation["operationId"]),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                whom: text(&operation["description"]),
                parameters: parameters.collect(),
                example: example(path, method, operation),
                body: (!body.is_null()).then(|| pretty(resolved(body, document))),
                answer,
            });
        }
    }
    told
}

/// How it is asked from a shell, with `$DESK` for where the desk is and `$TOKEN` for the token.
fn example(path: &str, method: &str, operation: &Value) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (parameter["name"].as_str(), parameter["example"].as_str()) {
            query.append_pair(name, value);
        }
    }
    let query = Some(query.finish()).filter(|query| !query.is_empty()).map(|query| format!("?{query}"));
    let place = format!("$DESK{}{}", path.replace("{id}", "1"), query.unwrap_or_default());
    let token = "-H \"Authorization: Bearer $TOKEN\"";
    if method == "get" {
        return format!("curl {token} \"{place}\"");
    }
    // An archive is written under the name that it comes with.
    let kept = if operation["responses"]["200"]["content"][ZIP].is_null() { "" } else { "-OJ " };
    let ask = |example: &Value| {
        let body = example["value"].to_string().replace('\'', "'\\''");
        format!("curl {kept}{token} -H 'Content-Type: application/json' -d '{body}' \"{place}\"")
    };
    let examples = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
    examples.into_iter().flat_map(Map::values).map(ask).collect::<Vec<_>>().join("\n")
}

/// A schema with the first reference in it followed, so that a reader sees its properties.
fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}
