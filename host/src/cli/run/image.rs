//! The image of a tag that a person deploys: the registry names its digest, as it does for `greenlight serve`.

use crate::cli::Error;
use crate::config::Config;
use crate::effects::registry::Registry;
use crate::text::escape::escape;

/// The digest of a tag's image: the registry's, which must be the `given` one, if there is one. Without a registry in
/// the configuration it is the given one.
///
/// # Errors
///
/// If the registry can't be asked and no digest is given, if it does not have the tag, or if it has another digest.
pub fn digest(
    config: &Config,
    tag: &str,
    given: Option<&str>,
    note: &mut dyn FnMut(&str),
) -> Result<Option<String>, Error> {
    let given = given.map(str::to_owned);
    let Some(serve) = &config.serve else {
        return Ok(given);
    };
    let (Some(settings), [repository]) = (&serve.registry, &serve.repositories[..]) else {
        return Ok(given);
    };
    match (
        Registry::new(settings.clone()).digest(repository, tag),
        given,
    ) {
        (Ok(Some(digest)), None) => Ok(Some(digest)),
        (Ok(Some(digest)), Some(given)) if digest == given => Ok(Some(given)),
        (Ok(Some(digest)), Some(given)) => Err(Error::new(
            format!("the registry has the tag with the digest {digest}, and `--digest` is {given}"),
            "leave `--digest` out to deploy the image of the registry, or push the tag again",
        )),
        (Ok(None), _) => Err(Error::new(
            format!(
                "the registry does not have the tag `{}` of `{repository}`",
                escape(tag)
            ),
            "check the tag, or push the image first",
        )),
        (Err(error), Some(given)) => {
            note(&format!(
                "note: the digest is not checked: the registry does not name that of the tag: {}\n",
                error.line()
            ));
            Ok(Some(given))
        }
        (Err(error), None) => Err(Error::new(
            format!(
                "the registry does not name the digest of the tag: {}",
                error.line()
            ),
            "check `[serve.registry]`, or name the digest with `--digest`",
        )),
    }
}
