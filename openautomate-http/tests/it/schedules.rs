use serde_json::json;

use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn a_schedule_in_the_shape_of_the_design() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({
        "packageId": package, "cronExpression": "0 9 * * MON-FRI", "timeZone": "Europe/Berlin",
        "name": "each workday", "inputs": {"name": "Ada"}, "overlap": "allow", "misfire": "skip",
    });
    let made = server.post("/api/schedules", &admin.token, &body).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = read(made, 201).await;
    for field in ["id", "packageId", "cronExpression", "isActive", "createdById", "createdAt", "nextDue"] {
        assert!(!made[field].is_null(), "{field}: {made}");
    }
    assert_eq!(made["createdById"], json!(admin.id));
    let pause =
        json!({"packageId": package, "cronExpression": "0 9 * * MON-FRI", "isActive": false, "revision": 0});
    let paused = read(server.put(&location, &admin.token, &pause).send().await.unwrap(), 200).await;
    assert_eq!((&paused["isActive"], &paused["nextDue"]), (&json!(false), &json!(null)));
    assert_eq!((&paused["name"], &paused["timeZone"]), (&json!("each workday"), &json!("UTC")));
    problem(server.put(&location, &admin.token, &pause).send().await.unwrap(), 412).await;
    let firings =
        read(server.get(&format!("{location}/firings"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(firings, json!({"items": []}));
    let list = read(
        server.get(&format!("/api/schedules?packageId={package}"), &admin.token).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(list["items"][0]["id"], paused["id"]);
    assert_eq!(server.delete(&location, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&location, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn an_expression_is_tried_before_it_is_used() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let try_it = |body: serde_json::Value| server.post("/api/schedules/preview", &admin.token, &body).send();
    let body = json!({"cronExpression": "30 7 1 1 *", "timeZone": "Europe/Berlin", "count": 3});
    let told = read(try_it(body).await.unwrap(), 200).await;
    let times: Vec<String> = told["dueTimes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(times.len(), 3);
    assert!(times.iter().all(|time| time.ends_with("-01-01T06:30:00Z")), "{times:?}");
    assert_eq!(
        problem(try_it(json!({"cronExpression": "x"})).await.unwrap(), 422).await["field"],
        "cronExpression"
    );
    assert_eq!(
        problem(try_it(json!({"cronExpression": "* * * * *", "count": 101})).await.unwrap(), 422).await["field"],
        "count"
    );
}
