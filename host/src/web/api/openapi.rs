//! The OpenAPI 3.1 document, written from the table of endpoints, and the page that shows it to people.
//!
//! `docs/openapi.json` is the document as of now; a test holds the two together.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::transform::RestrictFormats;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::problem::{Details, STATUSES};
use super::{BASE, idempotency, table};
use crate::incident::event::Role;
use crate::web::access::Access;
use crate::web::desk::{Asked, Desk};
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
        Ok(page::reference(visit, rows.figures()?, &rows.watches()?, operations(&DOCUMENT))?)
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
    let mut generator = settings.with_transform(RestrictFormats::default()).into_generator();
    let problem = generator.subschema_for::<Details>();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, &mut generator, &problem);
        let path = paths.entry(endpoint.path.clone()).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_ascii_lowercase()] = operation;
    }
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
            "schemas": schemas
        }
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator, problem: &Schema) -> Value {
    let described = &endpoint.described;
    let mut parameters = parameters(endpoint, generator);
    if described.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key again gets the answer of the first time, for a day.",
            "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::LONGEST, "pattern": "^[!-~]+$" }
        }));
    }
    let answer = (described.answer)(generator);
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "Done, or what was asked for.", "content": { "application/json": { "schema": answer } }
        }),
    );
    let has_body = described.body.is_some();
    for (status, words) in STATUSES.iter().filter(|(status, _)| has_body || !matches!(status, 409 | 413 | 415 | 422)) {
        responses.insert(
            status.to_string(),
            json!({
                "description": words, "content": { "application/problem+json": { "schema": problem } }
            }),
        );
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
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body(generator) } } });
    }
    operation
}

/// The first part of the path.
fn tag(endpoint: &Endpoint) -> &str {
    endpoint.path[BASE.len()..].trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whom it is for, in words.
fn whom(access: Access) -> String {
    let roles: Vec<&str> = match access {
        Access::Everybody => return "For everybody.".to_owned(),
        Access::Signed => return "For anybody who is signed in.".to_owned(),
        Access::Machine => return "For anybody who is signed in, or on this machine.".to_owned(),
        Access::Able(act) => act.roles().iter().map(|role| role.as_str()).collect(),
        Access::AbleToAny(acts) => acts.iter().flat_map(|act| act.roles()).map(Role::as_str).collect(),
        Access::Realms(realms) => {
            let names: Vec<&str> = realms.iter().map(|realm| realm.as_str()).collect();
            return format!("For users of the realms: {}.", names.join(", "));
        }
    };
    format!("For the roles: {}.", roles.join(", "))
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
    let parameter = |(name, property): (&String, &Value)| {
        let inside = endpoint.path.contains(&format!("{{{name}}}"));
        let mut property = property.clone();
        let words = property.as_object_mut().and_then(|it| it.remove("description"));
        let mut parameter = json!({
            "name": name, "in": if inside { "path" } else { "query" },
            "required": inside || required.contains(name.as_str()), "schema": without_null(property)
        });
        if let Some(words) = words {
            parameter["description"] = words;
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
            let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            told.push(Operation {
                id: text(&operation["operationId"]),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                whom: text(&operation["description"]),
                parameters: parameters.collect(),
                body: (!body.is_null()).then(|| pretty(resolved(body, document))),
                answer: pretty(resolved(answer, document)),
            });
        }
    }
    told
}

/// A schema with the first reference in it followed, so that a reader sees its properties.
fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}
