"""Microsoft Azure: transfers, sensors and jobs."""

from __future__ import annotations

from tests.provider.examples.writing import BLOBS, BOX, LAKE, ORACLE, operator
from tests.provider.operators import Example

AZURE: list[Example] = [
    operator(
        "microsoft-azure",
        "microsoft.azure.transfers.local_to_wasb.LocalFilesystemToWasbOperator",
        {
            "wasb_conn_id": "blobs",
            "file_path": "/out/a.csv",
            "container_name": "in",
            "blob_name": "a.csv",
        },
        {("file", "/out/a.csv")},
        {(BLOBS, "a.csv")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.transfers.s3_to_wasb.S3ToAzureBlobStorageOperator",
        {
            "wasb_conn_id": "blobs",
            "s3_bucket": "lake",
            "s3_key": "a.csv",
            "container_name": "in",
            "blob_name": "a.csv",
        },
        {(LAKE, "a.csv")},
        {(BLOBS, "a.csv")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.transfers.sftp_to_wasb.SFTPToWasbOperator",
        {
            "sftp_conn_id": "box",
            "wasb_conn_id": "blobs",
            "sftp_source_path": "/out/a.csv",
            "container_name": "in",
            "blob_prefix": "day=1/",
        },
        {(BOX, "/out/a.csv")},
        {(BLOBS, "day=1/")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.transfers.oracle_to_azure_data_lake.OracleToAzureDataLakeOperator",
        {
            "oracle_conn_id": "oracle",
            "azure_data_lake_conn_id": "adls",
            "azure_data_lake_path": "in",
            "filename": "a.csv",
            "sql": "SELECT id FROM sales.orders",
        },
        {(ORACLE, "sales.orders")},
        says={"sql": "SELECT id FROM sales.orders"},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.sensors.wasb.WasbBlobSensor",
        {"wasb_conn_id": "blobs", "container_name": "in", "blob_name": "a.csv"},
        {(BLOBS, "a.csv")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.sensors.wasb.WasbPrefixSensor",
        {"wasb_conn_id": "blobs", "container_name": "in", "prefix": "day=1/"},
        {(BLOBS, "day=1/")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.data_factory.AzureDataFactoryRunPipelineOperator",
        {
            "pipeline_name": "nightly",
            "azure_data_factory_conn_id": "adf",
            "resource_group_name": "shop",
            "factory_name": "f",
            "parameters": {"password": "hidden"},
        },
        says={
            "sourceCodeLocation": "adf:shop/f/nightly",
            "externalQuery": ("r-1", "adf:shop/f"),
        },
        runtime={"run_id": "r-1"},
        trigger_event={"status": "success", "run_id": "r-1"},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.synapse.AzureSynapseRunPipelineOperator",
        {
            "pipeline_name": "nightly",
            "azure_synapse_conn_id": "synapse",
            "azure_synapse_workspace_dev_endpoint": "https://shop.dev.azuresynapse.net",
        },
        says={
            "sourceCodeLocation": "synapse:https://shop.dev.azuresynapse.net/nightly",
            "externalQuery": ("r-1", "synapse:https://shop.dev.azuresynapse.net"),
        },
        runtime={"run_id": "r-1"},
        trigger_event={"status": "success", "run_id": "r-1"},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.synapse.AzureSynapseRunSparkBatchOperator",
        {
            "azure_synapse_conn_id": "synapse",
            "spark_pool": "pool",
            "payload": {"file": "abfss://code@shop/etl.py", "args": ["--all"]},
        },
        says={
            "sourceCode": "abfss://code@shop/etl.py --all",
            "sourceCodeLocation": "abfss://code@shop/etl.py",
            "externalQuery": ("7", "synapse:pool"),
        },
        runtime={"job_id": 7},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.batch.AzureBatchOperator",
        {
            "batch_pool_id": "pool",
            "batch_pool_vm_size": "s",
            "batch_job_id": "job",
            "batch_task_command_line": "etl --all",
            "batch_task_id": "task",
            "vm_node_agent_sku_id": "sku",
            "vm_publisher": "p",
            "vm_offer": "o",
            "sku_starts_with": "1",
            "target_dedicated_nodes": 1,
        },
        says={"sourceCode": "etl --all", "externalQuery": ("job/task", "azure-batch:pool")},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.container_instances.AzureContainerInstancesOperator",
        {
            "ci_conn_id": "azure",
            "resource_group": "shop",
            "name": "work",
            "image": "shop/etl:7",
            "region": "westeurope",
            "command": ["etl", "--all"],
            "environment_variables": {"PASSWORD": "hidden"},
        },
        says={"sourceCode": "etl --all", "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    operator(
        "microsoft-azure",
        "microsoft.azure.operators.powerbi.PowerBIDatasetRefreshOperator",
        {"dataset_id": "sales", "group_id": "shop", "conn_id": "powerbi"},
        set(),
        {("powerbi://shop", "sales")},
        says={"externalQuery": ("r-1", "powerbi")},
        runtime={"dataset_refresh_id": "r-1"},
        trigger_event={"status": "Completed", "dataset_refresh_id": "r-1"},
    ),
]
