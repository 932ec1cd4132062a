//! Gives up a reservation.

use cyxwiz_domain::{Address, JobId};

use crate::{app::App, db, error::Error, job::Job};

pub async fn cancel(app: &App, user: Address, id: JobId) -> Result<Job, Error> {
    db::placement::give_up(&app.pool, id, user).await
}
