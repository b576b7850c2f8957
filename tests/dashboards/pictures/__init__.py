"""Pictures of the dashboards: what Grafana would draw of the committed JSON and a real Prometheus's answers.

They are drawn for people who want to see whether a panel tells its story; they are not Grafana's.
"""
