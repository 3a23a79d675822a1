//! A component of another tool, shown to the host by the contract alone.
//!
//! What componentize-qjs and componentize-py make exports, besides the contract,
//! what they use to initialise it. A plugin exports the contract and nothing
//! else; so the component is put into another one, which instantiates it and
//! hands on what belongs to the contract. No call passes through anything more.

use super::BuildError;
use crate::artifact::surface;
use wasm_encoder::{ComponentBuilder, ComponentExportKind};

/// The component within one that exports only the contract.
pub(super) fn narrowed(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    let (imports, exports) = surface(component)?;
    if !imports.is_empty() {
        return Err(BuildError::Links(imports));
    }
    let mut outer = ComponentBuilder::default();
    let inner = outer.component_raw(None, component);
    let nothing: [(&str, ComponentExportKind, u32); 0] = [];
    let instance = outer.instantiate(None, inner, nothing);
    for name in &exports {
        let interface = outer.alias_export(instance, name, ComponentExportKind::Instance);
        outer.export(name.as_str(), ComponentExportKind::Instance, interface, None);
    }
    Ok(outer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $init (canon lift (core func $i "f")))
        (component $c (import "f" (func $f)) (export "start" (func $f)))
        (instance $source (instantiate $c (with "f" (func $init))))
        (export "init" (func $init))
        (export "caifeng:plugin/source@0.1.0" (instance $source)))"#;

    #[test]
    fn what_a_tool_exports_besides_the_contract_is_hidden() {
        let made = wat::parse_str(TOOL).unwrap();
        let narrow = narrowed(&made).unwrap();
        wasmparser::Validator::new().validate_all(&narrow).unwrap();
        assert_eq!(surface(&narrow).unwrap(), (Vec::new(), vec!["caifeng:plugin/source@0.1.0".to_owned()]));
        let again = narrowed(&narrow).unwrap();
        assert!(again.len() > narrow.len(), "it exports the contract alone");
    }

    #[test]
    fn an_import_is_named() {
        let made = wat::parse_str(r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance)))"#).unwrap();
        let error = narrowed(&made).unwrap_err().to_string();
        assert!(error.ends_with("wasi:clocks/wall-clock@0.2.0"), "{error}");
    }
}
