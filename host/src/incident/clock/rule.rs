//! The clocks that a plan asks for: its own, and one for each step that has a due time.

use std::borrow::Cow;

use crate::incident::Category;
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::plan::clocks::{End, Rung, Start};
use crate::plan::span::Span;
use crate::plan::words::Words;

/// What a clock runs by.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// The id of the plan's clock, or `step:ID`.
    pub id: Cow<'a, str>,
    /// What people call it.
    pub name: &'a Words,
    /// The norm that it comes from.
    pub source: &'a Words,
    /// From when it runs.
    pub from: Start,
    /// How long.
    pub span: Span,
    /// Who is told on the way.
    pub ladder: &'a [Rung],
    ends: Ends<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Ends<'a> {
    Rule(&'a End),
    Step(&'a str),
}

/// Something that may end a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A person decided the category.
    Assessed,
    /// A step was done, or waived.
    Step(String),
    /// A reply was published.
    Published(Form),
    /// The incident was closed, or goes into follow-up.
    Closed,
}

impl Rule<'_> {
    /// The step of the playbook that ends it; `None` when something else does.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self.ends {
            Ends::Step(id) => Some(id),
            Ends::Rule(End::Step(id)) => Some(id),
            Ends::Rule(_) => None,
        }
    }

    /// Whether `done` ends its clock.
    #[must_use]
    pub fn ends_with(&self, done: &Done) -> bool {
        match (self.ends, done) {
            (Ends::Step(id), Done::Step(step)) => id == step,
            (Ends::Rule(End::Step(id)), Done::Step(step)) => id == step,
            (Ends::Rule(End::Reply(forms)), Done::Published(form)) => forms.is_empty() || forms.contains(form),
            (Ends::Rule(End::Assessment), Done::Assessed) | (Ends::Rule(End::Close), Done::Closed) => true,
            _ => false,
        }
    }
}

/// The rules of an incident; its category may not be decided yet.
#[must_use]
pub fn rules(plan: &Plan, category: Option<Category>, major: bool) -> Vec<Rule<'_>> {
    let clocks = plan.clocks(category, major).filter_map(|clock| {
        let ends = Ends::Rule(clock.ends.as_ref()?);
        let (name, source, ladder) = (&clock.name, &clock.source, plan.ladder(&clock.ladder));
        Some(Rule { id: Cow::Borrowed(&clock.id), name, source, from: clock.from, span: clock.due, ladder, ends })
    });
    let playbook = category.and_then(|category| plan.playbook(category));
    let steps = playbook.into_iter().flat_map(|book| book.steps.iter().map(move |step| (book, step)));
    let steps = steps.filter_map(|(book, step)| {
        let (id, ends) = (Cow::Owned(format!("step:{}", step.id)), Ends::Step(&step.id));
        let (name, source, ladder) = (&step.name, &book.source, plan.ladder(&book.ladder));
        Some(Rule { id, name, source, from: Start::FirstSight, span: step.due?, ladder, ends })
    });
    clocks.chain(steps).collect()
}
