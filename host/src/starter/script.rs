//! New plugins in JavaScript and Python.

use super::{Held, IGNORED, Kind};

/// The SDK in JavaScript.
pub(super) const JAVASCRIPT_SDK: &[Held] = &[
    ("sdk/javascript/asker.js", include_str!("../../../plugins/sdk/javascript/asker.js")),
    ("sdk/javascript/caifeng.js", include_str!("../../../plugins/sdk/javascript/caifeng.js")),
    ("sdk/javascript/classifier.js", include_str!("../../../plugins/sdk/javascript/classifier.js")),
    ("sdk/javascript/dates.js", include_str!("../../../plugins/sdk/javascript/dates.js")),
    ("sdk/javascript/source.js", include_str!("../../../plugins/sdk/javascript/source.js")),
];

/// The SDK in Python.
pub(super) const PYTHON_SDK: &[Held] = &[
    ("sdk/python/asker_plugin.py", include_str!("../../../plugins/sdk/python/asker_plugin.py")),
    ("sdk/python/caifeng.py", include_str!("../../../plugins/sdk/python/caifeng.py")),
    ("sdk/python/caifeng_dates.py", include_str!("../../../plugins/sdk/python/caifeng_dates.py")),
    ("sdk/python/classifier_plugin.py", include_str!("../../../plugins/sdk/python/classifier_plugin.py")),
    ("sdk/python/source_plugin.py", include_str!("../../../plugins/sdk/python/source_plugin.py")),
];

/// What the author changes of a plugin in JavaScript.
pub(super) fn javascript(kind: Kind) -> Vec<Held> {
    let code = match kind {
        Kind::Source => template!("javascript/source.js"),
        Kind::Classifier => template!("javascript/classifier.js"),
        Kind::Asker => template!("javascript/asker.js"),
    };
    vec![
        (".gitignore", IGNORED),
        ("package.json", template!("javascript/package.json.txt")),
        ("package-lock.json", template!("javascript/package-lock.json.txt")),
        ("src/plugin.js", code),
    ]
}

/// What the author changes of a plugin in Python.
pub(super) fn python(kind: Kind) -> Vec<Held> {
    let code = match kind {
        Kind::Source => template!("python/source.py"),
        Kind::Classifier => template!("python/classifier.py"),
        Kind::Asker => template!("python/asker.py"),
    };
    vec![(".gitignore", IGNORED), ("requirements.txt", template!("python/requirements.txt")), ("src/plugin.py", code)]
}
