//! An office in which people have accounts: who may do what is decided before the test begins.

#![allow(dead_code, reason = "each test program uses its own part")]

use serde_json::Value;

use crate::terminal::{Place, Said, http};

/// A data directory with its people; each token lies in NAME.token.
pub(crate) struct Office {
    pub(crate) place: Place,
}

/// Who there is, and as what: u1 wang, u2 zhao, u3 qian, then these.
const PEOPLE: [(&str, &str); 5] =
    [("li", "leading-group"), ("chen", "staff monitor"), ("han", "legal"), ("sun", "spokesperson"), ("zhou", "head")];

impl Office {
    pub(crate) fn new() -> Self {
        Self::at(Place::new())
    }

    /// People for a place that may hold something already.
    pub(crate) fn at(place: Place) -> Self {
        let office = Self { place };
        office.place.run("user add wang --role system --data data --out wang.token").ends(0);
        office.run("wang", "user add zhao --role security --out zhao.token").ends(0);
        office.run("wang", "user add qian --role audit --out qian.token").ends(0);
        for (name, roles) in PEOPLE {
            office.run("wang", &format!("user add {name} --out {name}.token")).ends(0);
            office.run("zhao", &format!("user role {name} {roles}")).ends(0);
        }
        office
    }

    /// A command as somebody.
    pub(crate) fn run(&self, who: &str, command: &str) -> Said {
        self.place.run(&format!("{command} --data data --token {who}.token"))
    }

    /// The cookie of somebody who signs in at the desk that answers at an address, for the data of a directory.
    pub(crate) fn enters(&self, who: &str, data: &str, address: &str) -> String {
        let code = self.place.run(&format!("user code {who} --data {data} --token wang.token --json")).ends(0);
        let code = code.json()[0]["code"].as_str().unwrap().to_owned();
        let password = "three+white+egrets+over+the+weir";
        let chosen = format!("name={who}&code={code}&password={password}&again={password}");
        let answer = sent(address, "/set-up-password", &chosen);
        assert!(answer.contains("location: /sign-in\r\n"), "{answer}");
        let answer = sent(address, "/sign-in", &format!("name={who}&password={password}&to=/"));
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: caifeng_session="));
        let cookie = cookie.unwrap_or_else(|| panic!("{answer}"));
        format!("caifeng_session={}", cookie.split(';').next().unwrap_or_default())
    }

    /// A decision about an incident as it stands now.
    pub(crate) fn decides(&self, who: &str, id: i64, verb: &str, rest: &str) -> Said {
        self.run(who, &format!("incident {verb} {id}@{} {rest}", self.version(id)))
    }

    /// The same by a member of the leading group.
    pub(crate) fn li(&self, id: i64, verb: &str, rest: &str) -> Said {
        self.decides("li", id, verb, rest)
    }

    /// The same by somebody of the staff.
    pub(crate) fn chen(&self, id: i64, verb: &str, rest: &str) -> Said {
        self.decides("chen", id, verb, rest)
    }

    /// Everything that is shown of an incident.
    pub(crate) fn case(&self, id: i64) -> Value {
        self.place.run(&format!("incident show {id} --data data --json")).ends(0).json().remove(0)
    }

    pub(crate) fn version(&self, id: i64) -> i64 {
        self.case(id)["version"].as_i64().unwrap()
    }
}

/// Sends a form of the desk's own pages, and gives the whole answer.
fn sent(address: &str, path: &str, form: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\nHost: {address}\nOrigin: http://{address}\nSec-Fetch-Site: same-origin");
    let kind = format!("Content-Type: application/x-www-form-urlencoded\nContent-Length: {}", form.len());
    http(address, &format!("{head}\n{kind}\nConnection: close\n\n{form}"))
}
