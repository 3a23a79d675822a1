//! The macros that turn an implementation into the exports of a component.

/// Exports a type that implements [`Source`](crate::Source) as the plugin's
/// source. Once per crate, and not together with
/// [`export_classifier!`](crate::export_classifier): a plugin is one or the
/// other. On targets other than WebAssembly it only checks the type, so that
/// the same crate can be tested natively.
#[macro_export]
macro_rules! export_source {
    ($plugin:ty) => {
        const _: () = {
            const fn implements_source<T: $crate::Source>() {}
            implements_source::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::exports::caifeng::plugin::{source, types};
            struct Exported;
            impl source::Guest for Exported {
                fn start(crawl: $crate::Crawl) -> Result<Vec<$crate::Request>, types::Failure> {
                    <$plugin as $crate::Source>::start(&crawl).map_err($crate::failure::lower)
                }
                fn parse(
                    crawl: $crate::Crawl,
                    request: $crate::Request,
                    response: $crate::Response,
                ) -> Result<$crate::Page, types::Failure> {
                    <$plugin as $crate::Source>::parse(&crawl, &request, &response).map_err($crate::failure::lower)
                }
            }
    source::__export_caifeng_plugin_source_0_1_0_cabi!(Exported with_types_in source);
            impl $crate::bindings::Guest for Exported {
                fn wizer_initialize() {
                    <$plugin as $crate::Source>::warm();
                }
            }
    $crate::bindings::__export_world_all_cabi!(Exported with_types_in $crate::bindings);
            #[unsafe(link_section = "component-type:caifeng:source-plugin")]
            #[used]
            static WORLD: [u8; $crate::bindings::SOURCE_WORLD.len()] =
                $crate::bindings::section($crate::bindings::SOURCE_WORLD);
        };
    };
}

/// Exports a type that implements [`Classifier`](crate::Classifier) as the
/// plugin's classifier; otherwise like [`export_source!`](crate::export_source).
#[macro_export]
macro_rules! export_classifier {
    ($plugin:ty) => {
        const _: () = {
            const fn implements_classifier<T: $crate::Classifier>() {}
            implements_classifier::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::exports::caifeng::plugin::{classifier, types};
            struct Exported;
            impl classifier::Guest for Exported {
                fn classify(
                    settings: $crate::Settings,
                    posts: Vec<$crate::Post>,
                ) -> Result<Vec<Vec<$crate::Label>>, types::Failure> {
                    <$plugin as $crate::Classifier>::classify(&settings, &posts).map_err($crate::failure::lower)
                }
            }
            classifier::__export_caifeng_plugin_classifier_0_1_0_cabi!(
                Exported with_types_in classifier
            );
            impl $crate::bindings::Guest for Exported {
                fn wizer_initialize() {
                    <$plugin as $crate::Classifier>::warm();
                }
            }
    $crate::bindings::__export_world_all_cabi!(Exported with_types_in $crate::bindings);
            #[unsafe(link_section = "component-type:caifeng:classifier-plugin")]
            #[used]
            static WORLD: [u8; $crate::bindings::CLASSIFIER_WORLD.len()] =
                $crate::bindings::section($crate::bindings::CLASSIFIER_WORLD);
        };
    };
}

/// Exports a type that implements [`Asker`](crate::Asker) as the plugin's asker;
/// otherwise like [`export_source!`](crate::export_source).
#[macro_export]
macro_rules! export_asker {
    ($plugin:ty) => {
        const _: () = {
            const fn implements_asker<T: $crate::Asker>() {}
            implements_asker::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::exports::caifeng::plugin::{asker, types};
            struct Exported;
            impl asker::Guest for Exported {
                fn ask(
                    settings: $crate::Settings,
                    posts: Vec<$crate::Post>,
                ) -> Result<Vec<$crate::Request>, types::Failure> {
                    <$plugin as $crate::Asker>::ask(&settings, &posts).map_err($crate::failure::lower)
                }
                fn read(
                    settings: $crate::Settings,
                    posts: Vec<$crate::Post>,
                    request: $crate::Request,
                    response: $crate::Response,
                ) -> Result<Vec<Vec<$crate::Label>>, types::Failure> {
                    <$plugin as $crate::Asker>::read(&settings, &posts, &request, &response)
                        .map_err($crate::failure::lower)
                }
            }
    asker::__export_caifeng_plugin_asker_0_1_0_cabi!(Exported with_types_in asker);
            impl $crate::bindings::Guest for Exported {
                fn wizer_initialize() {
                    <$plugin as $crate::Asker>::warm();
                }
            }
    $crate::bindings::__export_world_all_cabi!(Exported with_types_in $crate::bindings);
            #[unsafe(link_section = "component-type:caifeng:asker-plugin")]
            #[used]
            static WORLD: [u8; $crate::bindings::ASKER_WORLD.len()] =
                $crate::bindings::section($crate::bindings::ASKER_WORLD);
        };
    };
}
