//! The answer of a metrics server.

use crate::contract::promotion::QueryAnswer;
use crate::effects::metrics::Metrics;
use crate::limits;
use crate::server_settings::MetricsSettings;
use crate::tls::Trust;

pub(super) fn read(url: &str) -> Result<String, String> {
    let settings = MetricsSettings {
        url: url.to_owned(),
        login: None,
        headers: Vec::new(),
        time_limit: limits::METRICS.time(),
        trust: Trust::default(),
    };
    match Metrics::new(&settings).ask("up", None).answer {
        QueryAnswer::Samples(_) => Ok("read".to_owned()),
        QueryAnswer::Failed(it) => Err(it.message),
    }
}
