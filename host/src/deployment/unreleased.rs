//! The labels of the commits that a release brings to production, for `[release] labels = "since-live"`.

use super::survey::Survey;
use super::{Error, LISTED, releases};
use crate::contract::promotion::UnreleasedLabel;
use crate::contract::types::LoadTestAction;
use crate::facts::{git, message};
use crate::journal::{Header, Store};
use crate::text::number::short;

/// Reads the labels of the commits between the live release and this release, and returns the newest commit of each
/// action. If no live commit is known, only the release's own label counts.
///
/// # Errors
///
/// If git does not know the commits: a label that is not read may be the strictest one.
pub(super) fn labels(survey: &mut Survey<'_, '_>) -> Result<Vec<UnreleasedLabel>, Error> {
    let production = survey.context.config.settings.environments.last();
    let production = production.map_or("", |it| it.name.as_str());
    let live = live(survey.record.log.store.as_mut(), production)?;
    let Some(live) = live.filter(|it| it != survey.commit) else {
        return Ok(Vec::new());
    };
    let mut found: Vec<UnreleasedLabel> = Vec::new();
    for commit in between(survey, &live)? {
        let action = action(survey, &commit)?;
        if commit != survey.commit && !found.iter().any(|it| it.action == action) {
            found.push(UnreleasedLabel { commit, action });
        }
    }
    Ok(found)
}

/// The live commit: the last promoted release, or the baseline of production if no release was promoted since then.
pub(super) fn live(store: &mut dyn Store, production: &str) -> Result<Option<String>, Error> {
    let mut deployments = store.deployments(LISTED)?.into_iter();
    let promoted = deployments.find(Header::is_promoted);
    let baseline = store.baseline(production)?;
    let Some(promoted) = promoted else {
        return Ok(baseline.map(|it| it.commit));
    };
    let at = releases::promoted_at(store, &promoted)?;
    let newer = baseline.filter(|it| it.is_after_change(at));
    Ok(Some(newer.map_or(promoted.commit, |it| it.commit)))
}

/// The commits of the release that the live one does not contain, newest first.
fn between(survey: &Survey<'_, '_>, live: &str) -> Result<Vec<String>, Error> {
    let mut command = git::git(survey.context.repo);
    command
        .args(["rev-list", "--end-of-options"])
        .arg(format!("{live}..{}", survey.commit))
        .arg("--");
    let listed = git::output(&mut command).map_err(git::failed)?;
    if !listed.status.success() || git::is_shallow(survey.context.repo) != Some(false) {
        return Err(Error::host(
            format!(
                "git can't list the commits from {}, which is live, to {}, whose labels count",
                short(live),
                short(survey.commit)
            ),
            "fetch the whole history (`git fetch --unshallow`), or correct the live commit (`greenlight live --set COMMIT`), \
             then continue with `greenlight run --resume`; or set `[release] labels = \"deployed-commit\"`",
        ));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    Ok(text.lines().map(str::to_owned).collect())
}

fn action(survey: &Survey<'_, '_>, commit: &str) -> Result<LoadTestAction, Error> {
    let reading = message::from_commit(&git::commit(survey.context.repo, commit)?)?;
    let default = survey.context.config.settings.default_action;
    let labels = survey.context.policy.parse(&reading.message, default)?;
    // A message that the policy refuses may ask for anything.
    Ok(labels.map_or(LoadTestAction::Abort, |it| it.action))
}
