//! The guest with the adapter inside it: one module where there would be four.
//!
//! An adapter beside a guest needs the guest's memory, and the guest its functions; so a component of the two has a
//! third module to tie the knot with, by way of a table, and a fourth that fills the table. Every fresh instance would
//! be four and a table, which is much of what it costs. Ours wants nothing but the memory: its functions are put
//! behind the guest's own, and what the guest imported is called there.

use super::{BuildError, damaged};
use std::collections::HashMap;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{CodeSection, FunctionSection, ImportSection, Module, TypeSection};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionBody, FunctionSectionReader, ImportSectionReader, Parser, Payload,
    TypeRef, TypeSectionReader,
};

type Written = Result<(), reencode::Error<Infallible>>;

/// A guest that imports functions of the adapter and nothing else, as a module that imports nothing. What only a
/// debugger reads is left out; the contract's types stay.
pub(super) fn linked(guest: &[u8], adapter: &[u8]) -> Result<Vec<u8>, BuildError> {
    let (own, behind) = (Parts::of(guest)?, Parts::of(adapter)?);
    let exported: HashMap<&str, u32> = behind.exported.iter().copied().collect();
    let called = own.imported.iter().map(|name| {
        exported.get(name).copied().ok_or_else(|| BuildError::Encode(format!("the adapter has no {name}")))
    });
    let called: Vec<u32> = called.collect::<Result<_, _>>()?;
    let moved = Moved { types: own.types, functions: own.functions };
    let adapter = (!called.is_empty()).then_some((behind, moved));
    let mut module = Module::new();
    let put = Guest { called, functions: own.functions, adapter }.parse_core_module(&mut module, Parser::new(0), guest);
    put.map_err(|error| BuildError::Encode(error.to_string()))?;
    Ok(module.finish())
}

/// What must be known of a module to put one behind another.
#[derive(Default)]
struct Parts<'a> {
    /// Names of the functions that it imports, in the order of their numbers.
    imported: Vec<&'a str>,
    /// Names and numbers of the functions that it exports.
    exported: Vec<(&'a str, u32)>,
    /// How many types it has, and functions of its own.
    types: u32,
    functions: u32,
    type_section: Option<TypeSectionReader<'a>>,
    function_section: Option<FunctionSectionReader<'a>>,
    bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Parts<'a> {
    fn of(module: &'a [u8]) -> Result<Self, BuildError> {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(damaged)? {
                Payload::TypeSection(section) => {
                    for group in section.clone() {
                        parts.types += u32::try_from(group.map_err(damaged)?.types().len()).unwrap_or(u32::MAX);
                    }
                    parts.type_section = Some(section);
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(damaged)?;
                        if matches!(import.ty, TypeRef::Func(_)) {
                            parts.imported.push(import.name);
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    parts.functions = section.count();
                    parts.function_section = Some(section);
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(damaged)?;
                        if export.kind == wasmparser::ExternalKind::Func {
                            parts.exported.push((export.name, export.index));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => parts.bodies.push(body),
                _ => {}
            }
        }
        Ok(parts)
    }
}

/// Writes the guest anew, without its imports and with the adapter behind it.
struct Guest<'a> {
    /// The adapter's function for each import.
    called: Vec<u32>,
    /// How many functions of its own the guest has.
    functions: u32,
    /// Nothing for a guest that calls nothing of it.
    adapter: Option<(Parts<'a>, Moved)>,
}

impl Reencode for Guest<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(match self.called.get(function as usize) {
            Some(theirs) => self.functions + theirs,
            None => function - self.called.len() as u32,
        })
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Written {
        utils::parse_type_section(self, types, section)?;
        match &mut self.adapter {
            Some((Parts { type_section: Some(section), .. }, moved)) => {
                moved.parse_type_section(types, section.clone())
            }
            _ => Ok(()),
        }
    }

    fn parse_import_section(&mut self, _: &mut ImportSection, _: ImportSectionReader<'_>) -> Written {
        Ok(())
    }

    fn parse_function_section(&mut self, functions: &mut FunctionSection, own: FunctionSectionReader<'_>) -> Written {
        utils::parse_function_section(self, functions, own)?;
        match &mut self.adapter {
            Some((Parts { function_section: Some(section), .. }, moved)) => {
                moved.parse_function_section(functions, section.clone())
            }
            _ => Ok(()),
        }
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Written {
        utils::parse_code_section(self, code, section)?;
        match &mut self.adapter {
            Some((parts, moved)) => {
                parts.bodies.iter().try_for_each(|body| moved.parse_function_body(code, body.clone()))
            }
            None => Ok(()),
        }
    }

    fn parse_custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Written {
        if section.name().starts_with("component-type") {
            utils::parse_custom_section(self, module, section)?;
        }
        Ok(())
    }
}

/// The adapter behind a guest: its numbers begin where the guest's end. It imports the memory, which both call 0.
struct Moved {
    types: u32,
    functions: u32,
}

impl Reencode for Moved {
    type Error = Infallible;

    fn type_index(&mut self, ty: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(self.types + ty)
    }

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(self.functions + function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADAPTER: &str = r#"(module
        (import "env" "memory" (memory 0))
        (func $trap (param i64) (unreachable))
        (func (export "exit") (param i64) (call $trap (local.get 0)))
        (func (export "size") (param i32) (result i32) (i32.load (local.get 0))))"#;

    /// Each import has a type of its own, so that a call that leads to the wrong function is invalid.
    const GUEST: &str = r#"(module
        (import "wasi" "size" (func $size (param i32) (result i32)))
        (import "wasi" "exit" (func $exit (param i64)))
        (memory (export "memory") 1)
        (table 2 funcref)
        (elem (i32.const 0) $own $exit)
        (func $own (result f32) (drop (call $size (i32.const 4))) (call $exit (i64.const 1)) (f32.const 0))
        (func (export "run") (result f32) (call $own))
        (export "leave" (func $exit))
        (@custom "component-type:x" "kept")
        (@custom "producers" "left out"))"#;

    fn written(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    #[test]
    fn what_was_imported_is_called_inside() {
        let module = linked(&written(GUEST), &written(ADAPTER)).unwrap();
        wasmparser::Validator::new().validate_all(&module).unwrap();
        let parts = Parts::of(&module).unwrap();
        assert!(parts.imported.is_empty());
        assert_eq!(parts.exported, [("run", 1), ("leave", 3)]);
        let customs = Parser::new(0).parse_all(&module).filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) => Some((section.name().to_owned(), section.data().to_vec())),
            _ => None,
        });
        assert_eq!(customs.collect::<Vec<_>>(), [("component-type:x".to_owned(), b"kept".to_vec())]);
    }

    #[test]
    fn who_calls_nothing_gets_nothing() {
        let alone = written(r#"(module (func (export "run") (result i32) (i32.const 1)))"#);
        assert_eq!(linked(&alone, &written(ADAPTER)).unwrap(), alone);
    }

    #[test]
    fn what_the_adapter_does_not_have_is_named() {
        let guest = written(r#"(module (import "wasi" "sock_open" (func)) (memory 1))"#);
        let error = linked(&guest, &written(ADAPTER)).unwrap_err().to_string();
        assert!(error.ends_with("the adapter has no sock_open"), "{error}");
    }
}
