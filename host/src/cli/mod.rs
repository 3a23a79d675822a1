//! The command line: a file per command, no logic of its own.
//!
//! Each command turns arguments into a call of the library and the answer into
//! lines on standard output; progress and errors go to standard error. An error
//! is mapped to an exit code by who must act.

mod audit;
mod backtest;
mod backup;
mod case;
mod classifiers;
mod classify;
mod clocks;
mod config;
mod contact;
mod corrections;
mod coverage;
mod deed;
mod demo;
mod disclosure;
mod doctor;
mod drill;
mod effect;
mod evaluate;
mod evidence;
mod feed;
mod feeds;
mod filter;
mod group;
mod hand;
mod import;
mod incident;
mod input;
mod notify;
mod output;
mod paper;
mod paperwork;
mod person;
mod places;
mod plan;
mod plugin;
mod posts;
mod publish;
mod record;
mod referral;
mod reply;
mod report;
mod retain;
mod robots;
mod search;
mod serve;
mod similar;
mod submit;
mod sweep;
mod topic;
mod user;
mod warnings;
mod watch;
mod workplace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the process says of how it ended; `caifeng --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A check failed, or an action was refused.
    Refused = 1,
    /// Usage or configuration: whoever called must act.
    Usage = 2,
    /// A plugin: its author or whoever installed it must act.
    Plugin = 3,
    /// A site or the network.
    Network = 4,
    /// Our fault, or the machine's (a full disk).
    Internal = 70,
}

/// An error that knows its exit code.
#[derive(Debug)]
pub(crate) struct Failed {
    exit: Exit,
    error: anyhow::Error,
}

/// Gives an error its exit code: `.or_exit(Exit::Usage)?`.
pub(crate) trait OrExit<T> {
    /// Maps any error to `exit`.
    fn or_exit(self, exit: Exit) -> Result<T, Failed>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failed> {
        self.map_err(|error| Failed { exit, error: error.into() })
    }
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failed>;

/// Caifeng 采风 hears what is said in public about an organisation's own work, and helps it answer.
#[derive(Debug, Parser)]
#[command(
    name = "caifeng",
    version,
    after_help = "Exit codes: 0 done · 1 check failed or action refused · 2 usage or configuration · 3 plugin · 4 site or network · 70 internal"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Listen, remember and show: the daemon
    Serve(serve::Args),
    /// Show a recorded month of a county that does not exist, without network
    Demo(demo::Args),
    /// Sweep now and print what was found
    Sweep(sweep::Args),
    /// List, inspect, build and try plugins
    Plugin(plugin::Args),
    /// Classify texts: JSON Lines in, JSON Lines out
    Classify(classify::Args),
    /// List classifiers: their weights, and what asking services has cost today
    Classifiers(classifiers::Args),
    /// Measure a classifier on labelled texts
    Evaluate(evaluate::Args),
    /// Group posts into matters: JSON Lines in, JSON Lines out
    Group(group::Args),
    /// Say whether two short texts say the same: JSON Lines in, JSON Lines out
    Similar(similar::Args),
    /// Find posts by what they say
    Search(search::Args),
    /// Print stored posts, newest first
    Posts(posts::Args),
    /// Incidents: list, show, decide
    Incident(incident::Args),
    /// Clocks that are running, and how fast answers came
    Clocks(clocks::Args),
    /// Print where an incident is told, and how far it has gone
    Places(places::Args),
    /// Hand in a page or a text
    Submit(submit::Args),
    /// Take in posts from a table, or feeds from a list of subscriptions
    Import(import::Args),
    /// Check the configuration, or print it
    Config(config::Args),
    /// The plan: what is done about an incident, by whom, until when
    Plan(plan::Args),
    /// What the public may read: summaries, and how fast answers came
    Publish(publish::Args),
    /// Reports and working forms
    Report(report::Args),
    /// Official answers: draft, review, approve, publish, receipt
    Reply(reply::Args),
    /// What is published on one's own initiative, from the calendar to the receipt
    Disclosure(disclosure::Args),
    /// Contacts: the people at media, sites and forums whose work it is to be reached
    Contact(contact::Args),
    /// Addresses to which calendars and readers subscribe
    Feed(feed::Args),
    /// Legal referrals: by two people, after a night
    Referral(referral::Args),
    /// Say what a robots.txt allows
    Robots(robots::Args),
    /// Topics: what came of them, what a query would have caught
    Topic(topic::Args),
    /// Watches: how they stand, when they are swept next and why
    Watch(watch::Args),
    /// What was heard and what was not: the statement that reports carry
    Coverage(coverage::Args),
    /// Print or export the monitoring record: every sweep, newest first
    Record(record::Args),
    /// Cases: closed incidents to learn from, with the people in them hidden
    Case(case::Args),
    /// Drills: a case replayed against the clock, scored
    Drill(drill::Args),
    /// Users: who may act here, and as what
    User(user::Args),
    /// Warnings: what grows, and why
    Warnings(warnings::Args),
    /// Replay a past: when early warning would have told of it
    Backtest(backtest::Args),
    /// Notices: what was told to whom, how channels stand, and whether one works
    Notify(notify::Args),
    /// Check that the record has not been changed
    Audit(audit::Args),
    /// List or hand out what the posts of an incident came from
    Evidence(evidence::Args),
    /// Hand out or delete what is kept of a person who asks
    Person(person::Args),
    /// Let go of what is kept no longer
    Retain(retain::Args),
    /// Look whether everything is as it should be, and say what to do where it is not
    Doctor(doctor::Args),
    /// Copy a data directory while it is in use, and check the copy
    Backup(backup::Args),
    /// Bring a backup back into an empty directory
    Restore(backup::RestoreArgs),
    /// Print what makes a shell complete commands and options
    Completions(paperwork::CompletionsArgs),
    /// Print the manual as a man page, or write one for each command
    Man(paperwork::ManArgs),
}

/// Parses the arguments, runs the command and says how it ended.
pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    output::log_to_stderr();
    let outcome = match args.command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Plugin(args) => plugin::run(args),
        Command::Classify(args) => classify::run(&args),
        Command::Classifiers(args) => classifiers::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Group(args) => group::run(&args),
        Command::Posts(args) => posts::run(&args),
        Command::Incident(args) => incident::run(args),
        Command::Clocks(args) => clocks::run(&args),
        Command::Similar(args) => similar::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Places(args) => places::run(&args),
        Command::Submit(args) => submit::run(args),
        Command::Import(args) => import::run(args),
        Command::Config(args) => config::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Reply(args) => reply::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Report(args) => report::run(&args),
        Command::Disclosure(args) => disclosure::run(args),
        Command::Contact(args) => contact::run(args),
        Command::Feed(args) => feed::run(args),
        Command::Referral(args) => referral::run(args),
        Command::Robots(args) => robots::run(&args),
        Command::Topic(args) => topic::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Case(args) => case::run(args),
        Command::Drill(args) => drill::run(args),
        Command::User(args) => user::run(args),
        Command::Warnings(args) => warnings::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Notify(args) => notify::run(args),
        Command::Audit(args) => audit::run(&args),
        Command::Evidence(args) => evidence::run(&args),
        Command::Person(args) => person::run(args),
        Command::Retain(args) => retain::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => paperwork::completions(&args),
        Command::Man(args) => paperwork::man(&args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => backup::run_restore(args),
    };
    let exit = outcome.unwrap_or_else(|failed| {
        if output::is_broken_pipe(&failed.error) {
            return Exit::Done;
        }
        output::error(&failed.error);
        failed.exit
    });
    ExitCode::from(exit as u8)
}
