//! Calendars.

use openautomate_core::domain::Calendar;
use openautomate_core::id::{CalendarId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Calendar {
    table!("calendar", "calendars", [name, weekend, days, updated_by, created_at, updated_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(Json(&self.weekend))
            .bind(Json(&self.days))
            .bind(self.updated_by.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: CalendarId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            weekend: columns.json("weekend")?,
            days: columns.json("days")?,
            updated_by: UserId::from_uuid(columns.uuid("updated_by")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            revision: columns.get("revision")?,
        })
    }
}
