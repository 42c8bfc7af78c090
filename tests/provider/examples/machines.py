"""One machine or container: shells, Python, files, HTTP, SSH, Docker and Kubernetes."""

from __future__ import annotations

from types import SimpleNamespace

from tests.provider.examples.writing import BOX, operator, work
from tests.provider.operators import Example

MACHINES: list[Example] = [
    operator(
        "common-io",
        "common.io.operators.file_transfer.FileTransferOperator",
        {"src": "file://{folder}/a.csv", "dst": "file://{folder}/b.csv", "overwrite": True},
        {("file", "{folder}/a.csv")},
        {("file", "{folder}/b.csv")},
        runs=True,
    ),
    operator(
        "http",
        "http.operators.http.HttpOperator",
        {"http_conn_id": "api", "endpoint": "rates?day=1", "method": "GET"},
        {("http://127.0.0.1:7079", "/rates")},
    ),
    operator(
        "http",
        "http.sensors.http.HttpSensor",
        {"http_conn_id": "api", "endpoint": "ready"},
        {("http://127.0.0.1:7079", "/ready")},
    ),
    operator(
        "standard",
        "standard.operators.bash.BashOperator",
        {"bash_command": "true"},
        says={"sourceCode": "true"},
        runs=True,
    ),
    operator(
        "standard",
        "standard.operators.python.PythonOperator",
        {"python_callable": work},
        says={"sourceCode": ...},
    ),
    operator(
        "standard",
        "standard.sensors.filesystem.FileSensor",
        {"filepath": "{folder}/a.csv", "fs_conn_id": "files"},
        {("file", "{folder}/a.csv")},
        runs=True,
    ),
    operator(
        "standard",
        "standard.sensors.external_task.ExternalTaskSensor",
        {"external_dag_id": "orders", "external_task_ids": ["load"]},
        says={"jobDependencies": [("upstream", "orders.load")]},
    ),
    operator(
        "standard",
        "standard.operators.trigger_dagrun.TriggerDagRunOperator",
        {"trigger_dag_id": "orders"},
        says={"jobDependencies": [("downstream", "orders")]},
    ),
    operator(
        "standard",
        "standard.sensors.date_time.DateTimeSensor",
        {"target_time": "2026-01-01T00:00:00+00:00"},
        runs=True,
    ),
    operator(
        "cncf-kubernetes",
        "cncf.kubernetes.operators.pod.KubernetesPodOperator",
        {
            "name": "work",
            "image": "shop/etl:7",
            "cmds": ["python"],
            "arguments": ["-m", "etl", "a b"],
            "env_vars": {"PASSWORD": "hidden"},
        },
        says={
            "sourceCode": "python -m etl 'a b'",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("etl/work-x1", "kubernetes"),
        },
        runtime={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
        trigger_event={"status": "success", "name": "work-x1", "namespace": "etl"},
    ),
    operator(
        "cncf-kubernetes",
        "cncf.kubernetes.decorators.kubernetes._KubernetesDecoratedOperator",
        {"python_callable": work, "image": "shop/etl:7"},
        says={"sourceCode": ..., "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    operator(
        "docker",
        "docker.operators.docker.DockerOperator",
        {"image": "shop/etl:7", "command": ["etl", "--all"], "environment": {"PASSWORD": "hidden"}},
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("c0ffee", "docker"),
        },
        runtime={"container": {"Id": "c0ffee"}},
    ),
    operator(
        "docker",
        "docker.decorators.docker._DockerDecoratedOperator",
        {"python_callable": work, "image": "shop/etl:7"},
        says={"sourceCode": ..., "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    operator(
        "ssh",
        "ssh.operators.ssh.SSHOperator",
        {"ssh_conn_id": "box", "command": "etl --all"},
        says={"sourceCode": "etl --all"},
    ),
    operator(
        "ssh",
        "ssh.operators.ssh_remote_job.SSHRemoteJobOperator",
        {"ssh_conn_id": "box", "command": "etl --all"},
        says={"sourceCode": "etl --all"},
    ),
    operator(
        "sftp",
        "sftp.operators.sftp.SFTPOperator",
        {
            "ssh_conn_id": "box",
            "local_filepath": "/in/a.csv",
            "remote_filepath": "/out/a.csv",
            "operation": "get",
        },
        {("file://box.example:2222", "/out/a.csv")},
        {("file", "/in/a.csv")},
    ),
    operator(
        "sftp",
        "sftp.sensors.sftp.SFTPSensor",
        {"sftp_conn_id": "box", "path": "/out/a.csv"},
        {("file://box.example:2222", "/out/a.csv")},
    ),
    operator(
        "sftp",
        "sftp.operators.sftp.SFTPOperator",
        {
            "ssh_conn_id": "box",
            "local_filepath": ["/out/a.csv"],
            "remote_filepath": ["/in/a.csv"],
            "operation": "put",
        },
        {("file", "/out/a.csv")},
        {(BOX, "/in/a.csv")},
    ),
    operator(
        "samba",
        "samba.transfers.gcs_to_samba.GCSToSambaOperator",
        {
            "source_bucket": "pond",
            "source_object": "a.csv",
            "destination_path": "in/a.csv",
            "samba_conn_id": "share",
        },
        {("gs://pond", "a.csv")},
        {("smb://share.example", "/public/in/a.csv")},
    ),
    operator(
        "ftp",
        "ftp.sensors.ftp.FTPSensor",
        {"ftp_conn_id": "drop", "path": "/out/a.csv"},
        {("file://drop.example:21", "/out/a.csv")},
    ),
]
