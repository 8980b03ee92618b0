//! The shapes of windows in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Form, Many, forms_of};
use crate::contract::promotion::{Calendar, Excuse, Outside, Period, Window, WindowKind};

forms_of!(
    WindowForm of Window,
    PeriodForm of Period,
);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Calendar")]
pub struct CalendarForm {
    #[serde(with = "Many::<WindowForm>")]
    windows: Vec<Window>,
    known_until: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Window")]
pub struct WindowForm {
    name: String,
    #[serde(with = "WindowKindForm")]
    kind: WindowKind,
    environments: Vec<String>,
    #[serde(with = "Many::<PeriodForm>")]
    periods: Vec<Period>,
    #[serde(with = "OutsideForm")]
    outside: Outside,
    why: Option<String>,
    zone: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Period")]
pub struct PeriodForm {
    start: u64,
    end: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "WindowKind", rename_all = "kebab-case")]
pub enum WindowKindForm {
    Allow,
    Freeze,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outside", rename_all = "kebab-case")]
pub enum OutsideForm {
    Note,
    Warn,
    Hold,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Excuse")]
pub struct ExcuseForm {
    window: String,
    by: String,
    // Entries from before the field have none.
    #[serde(default)]
    proven: bool,
    why: String,
}
