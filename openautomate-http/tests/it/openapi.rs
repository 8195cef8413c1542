use std::path::Path;

use serde_json::Value;

/// The document as it is committed. `UPDATE_OPENAPI=1` writes it anew (`make openapi`).
#[test]
fn the_document_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi.json");
    let made = openautomate_http::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(
        committed == made,
        "the API changed: look at it, then run `make openapi` and commit the document"
    );
}

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(openautomate_http::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what}");
            assert!(operation["tags"][0].is_string(), "{what}");
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{what}");
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let documented = operation["parameters"].as_array().is_some_and(|parameters| {
                    parameters.iter().filter(|one| one["name"] == name && one["in"] == "path").count() == 1
                });
                assert!(documented, "{what} {name}");
            }
        }
    }
    references(&document, &mut |name| assert!(schemas.contains_key(name), "{name}"));
}

fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str) {
                found(name.rsplit('/').next().unwrap());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
