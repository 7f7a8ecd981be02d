//! `warren policy`: checks a program's policies and explains their decisions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use warren::app::{App, AppOptions, Policies};
use warren::security::{
    Action, Actor, Authorizer, Caller, Decision, Request, Resource, Scope, Subject, Target,
};
use warren::text;

use crate::exit::Exit;
use crate::report::failure::{Failure, Failures};
use crate::report::opening;
use crate::report::{stderr, stdout};

/// The options of `warren policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// A subcommand of `warren policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check all policies, and the manifest that names them
    Check(PolicyCheckArgs),
    /// Explain a decision: its result, and the policies that made it
    Why(Box<PolicyWhyArgs>),
}

/// The options of `warren policy check`.
#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// The options of `warren policy why`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 if the action is allowed, 1 if not; 2 for a wrong command \
                        line, manifest or policy."
)]
pub(crate) struct PolicyWhyArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The actor of the calling process; by default none
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// Data about the actor
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value, requires = "actor")]
    pub(crate) meta: Vec<(String, String)>,
    /// The scope of the calling process, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,
    /// A context value of the calling process
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,
    /// The definition of the calling process; by default the program's first
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) definition: Option<String>,
    /// The host of the calling process; by default the first definition's
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The action, such as process.send
    #[arg(long)]
    pub(crate) action: String,
    /// The resource: a definition, host, name, PID, URL or id of the manifest, by the action
    #[arg(long)]
    pub(crate) resource: String,
    /// The definition of the target process
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) target_definition: Option<String>,
    /// The host of the target process
    #[arg(long, value_name = "HOST")]
    pub(crate) target_host: Option<String>,
    /// A name of the target process
    #[arg(long, value_name = "NAME")]
    pub(crate) target_name: Vec<String>,
    /// An attribute, as for security.can
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) attribute: Vec<(String, String)>,
    /// Judge as `warren run --strict` does
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the subcommand.
pub(crate) fn policy(command: &PolicyCommand) -> Result<Exit, Failures> {
    match command {
        PolicyCommand::Check(args) => check(args),
        PolicyCommand::Why(args) => why(args),
    }
}

fn check(args: &PolicyCheckArgs) -> Result<Exit, Failures> {
    let app =
        App::open(&args.path, AppOptions::default()).map_err(|error| opening::failures(&error))?;
    let text = match app.policies() {
        None => "the program has no policies\n".to_owned(),
        Some(policies) => summary(policies),
    };
    print(&text, Exit::Success)
}

/// Policies without a scope that are named.
const MAX_UNUSED: usize = 20;

fn summary(policies: &Policies) -> String {
    let count = |n: usize, what: &str, more: &str| match n {
        1 => format!("1 {what}"),
        n => format!("{n} {more}"),
    };
    let mut text = format!(
        "{} with {}, nothing wrong\n",
        count(policies.ids().len(), "policy", "policies"),
        count(policies.statements(), "statement", "statements"),
    );
    let unused = policies.unused();
    for id in unused.iter().take(MAX_UNUSED) {
        text += &format!(
            "policies/{}.cedar: no scope of the manifest names it\n",
            text::line(&id.replacen(':', "/", 1))
        );
    }
    if let Some(more @ 1..) = unused.len().checked_sub(MAX_UNUSED) {
        text += &format!("no scope names {more} more\n");
    }
    text
}

fn why(args: &PolicyWhyArgs) -> Result<Exit, Failures> {
    let options = AppOptions {
        strict: args.strict,
        ..AppOptions::default()
    };
    let app = App::open(&args.path, options).map_err(|error| opening::failures(&error))?;
    let scope = match (&args.scope, app.policies()) {
        (None, _) => None,
        (Some(name), policies) => {
            let scope = policies.and_then(|policies| policies.named_scope(name));
            let unknown = || {
                let message = format!("--scope: the manifest has no scope `{name}`");
                vec![Failure::new(Exit::Usage, message)]
            };
            Some(scope.ok_or_else(unknown)?)
        }
    };
    let meta: BTreeMap<_, _> = args.meta.iter().cloned().collect();
    let actor = args.actor.as_ref().map(|id| Actor::new(id.as_str(), &meta));
    let is_own = Action::of(&args.action).is_none();
    // An action of the program's own is nobody's right until a policy gives it.
    let nobodys = is_own && actor.is_none() && scope.is_none();
    let scope = scope.or_else(|| nobodys.then(Scope::default));
    let context = args.context.iter().cloned().collect();
    let subject = Subject::new(actor, scope).with_context(&context);
    let decision = match app.policies() {
        Some(policies) => decide(policies, &app, &subject, args),
        None if nobodys => fixed(
            false,
            "the program has no policies that permit an action of its own",
        ),
        None if subject.is_confined() => fixed(
            false,
            "the program has no policies, and the process has an actor or a scope",
        ),
        None => fixed(true, "the program has no policies"),
    };
    if let Some(note) = unknown_action(&args.action) {
        stderr::write(&format!("{}\n", text::line(&note)));
    }
    let exit = if decision.allowed {
        Exit::Success
    } else {
        Exit::Failed
    };
    print(&told(args, &decision), exit)
}

/// Returns a message for a word that looks like an action of the runtime but is
/// not: no request would have it.
fn unknown_action(word: &str) -> Option<String> {
    let library = |word: &str| word.split('.').next().unwrap_or_default().to_owned();
    let of_runtime = |action: Action| library(action.as_str()) == library(word);
    if !Action::ALL.into_iter().any(of_runtime) || Action::of(word).is_some() {
        return None;
    }
    let actions = Action::ALL.map(Action::as_str).join(", ");
    Some(format!(
        "warning: `{word}` is not an action of the runtime; its actions are {actions}"
    ))
}

fn decide(policies: &Policies, app: &App, subject: &Subject, args: &PolicyWhyArgs) -> Decision {
    let caller = Caller {
        pid: "".into(),
        definition: given(&args.definition, app.main()),
        host: given(&args.host, app.main_host()),
        node: None,
    };
    policies.decide(&Request {
        subject,
        caller: &caller,
        action: &args.action,
        resource: &resource(args),
        attributes: &args.attribute,
    })
}

fn given(option: &Option<String>, otherwise: &Arc<str>) -> Arc<str> {
    option
        .as_deref()
        .map_or_else(|| Arc::clone(otherwise), Arc::from)
}

fn resource(args: &PolicyWhyArgs) -> Resource {
    Resource::of(&args.action, &args.resource, |pid| Target {
        definition: args.target_definition.as_deref().map(Arc::from),
        host: args.target_host.clone(),
        names: args
            .target_name
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        ..Target::absent(pid)
    })
}

fn told(args: &PolicyWhyArgs, decision: &Decision) -> String {
    if args.json {
        let value = serde_json::json!({
            "allowed": decision.allowed,
            "action": args.action,
            "resource": args.resource,
            "because": &*decision.because,
            "reason": decision.reason.as_deref(),
        });
        return format!("{}\n", text::json(&value.to_string()));
    }
    let verdict = if decision.allowed {
        "allowed"
    } else {
        "denied"
    };
    let mut text = format!(
        "{verdict}: {} on {}: {}\n",
        text::line(&args.action),
        text::line(&args.resource),
        text::line(&*decision.because)
    );
    if let Some(reason) = &decision.reason {
        text += &format!("the process is told: {}\n", text::line(&**reason));
    }
    text
}

fn fixed(allowed: bool, because: &str) -> Decision {
    Decision {
        allowed,
        because: because.into(),
        reason: None,
        reuse: warren::security::Reuse::Subject,
    }
}

fn print(text: &str, exit: Exit) -> Result<Exit, Failures> {
    Ok(stdout::print(text, exit)?)
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
