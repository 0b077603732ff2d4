def _azml_local():
    with open("call.json", encoding="utf-8") as file:
        sent = _json.load(file)
    rows = azml_run(sent["source"], sent["call"], _base64.b64decode(sent["frames"]), None)
    rows["value"] = [_base64.b64encode(value).decode("ascii") for value in rows["value"]]
    with open("result.json", "w", encoding="utf-8") as file:
        _json.dump(rows.values.tolist(), file)


_azml_local()
