"""Request bodies, generated from the contract by `batch-exports stubs`: for type checkers, never loaded."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

ExportName: TypeAlias = str


RequestedModel: TypeAlias = Literal["events", "persons", "sessions", ""] | None


IncrementalMode: TypeAlias = Literal["APPEND", "MERGE"]


Interval: TypeAlias = Literal["hour", "day", "week", "every 5 minutes", "every 15 minutes"]


OffsetDay: TypeAlias = int | None


OffsetHour: TypeAlias = int | None


FilterScalar: TypeAlias = str | float | bool | None


class UnpauseRequest(TypedDict):
    backfill: NotRequired[bool]


class IgnoredRequest(TypedDict):
    pass


DestinationType: TypeAlias = Literal[
    "S3", "Snowflake", "Postgres", "Redshift", "BigQuery", "Databricks", "AzureBlob", "HTTP", "NoOp", "File"
]


ConfigUpdate: TypeAlias = dict[str, Any]


IntegrationId: TypeAlias = int | None


StepNumber: TypeAlias = int


EventName: TypeAlias = str


EventNames: TypeAlias = list[EventName] | None


FileFormat: TypeAlias = Literal["JSONLines", "Parquet"]


Compression: TypeAlias = Literal["zstd", "lz4", "snappy", "gzip", "brotli"] | None


MaxFileSizeMb: TypeAlias = int | None


LegacyParquetExtension: TypeAlias = Literal[False] | None


KeyPrefix: TypeAlias = str


KeyTemplate: TypeAlias = str | None


HostName: TypeAlias = str


Identifier: TypeAlias = str


SchemaName: TypeAlias = str


TableName: TypeAlias = str


PrivateKey: TypeAlias = str


Secret: TypeAlias = str


OptionalTime: TypeAlias = str | None


BackfillBound: TypeAlias = str | None


TimeZone: TypeAlias = str | None


FilterValue: TypeAlias = FilterScalar | list[FilterScalar]


class BackfillCreate(TypedDict):
    start_at: NotRequired[BackfillBound | None]
    end_at: NotRequired[BackfillBound | None]


class BackfillTrigger(TypedDict):
    start_at: NotRequired[BackfillBound | None]
    end_at: NotRequired[BackfillBound | None]


class DestinationUpdate(TypedDict):
    type: NotRequired[DestinationType]
    config: NotRequired[ConfigUpdate]
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class S3Config(TypedDict):
    bucket_name: str
    region: str
    prefix: KeyPrefix
    aws_access_key_id: Secret
    aws_secret_access_key: Secret
    file_format: NotRequired[FileFormat]
    compression: NotRequired[Compression | None]
    max_file_size_mb: NotRequired[MaxFileSizeMb | None]
    key_template: NotRequired[KeyTemplate | None]
    legacy_parquet_extension: NotRequired[LegacyParquetExtension | None]
    encryption: NotRequired[Literal["AES256", "aws:kms"] | None]
    kms_key_id: NotRequired[str | None]
    endpoint_url: NotRequired[str | None]
    use_virtual_style_addressing: NotRequired[bool]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class SnowflakeConfig(TypedDict):
    account: str
    database: Identifier
    warehouse: Identifier
    schema: Identifier
    table_name: NotRequired[TableName]
    role: NotRequired[str | None]
    user: Secret
    authentication_type: NotRequired[Literal["password", "keypair"]]
    password: NotRequired[str | None]
    private_key: NotRequired[str | None]
    private_key_passphrase: NotRequired[str | None]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class PostgresConfig(TypedDict):
    host: HostName
    port: NotRequired[int]
    user: Secret
    password: Secret
    database: Identifier
    schema: NotRequired[SchemaName]
    table_name: NotRequired[TableName]
    has_self_signed_cert: NotRequired[bool]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class AwsCredentials(TypedDict):
    aws_access_key_id: Secret
    aws_secret_access_key: Secret


class BigQueryConfig(TypedDict):
    project_id: str
    dataset_id: str
    table_id: NotRequired[str]
    use_json_type: NotRequired[bool]
    private_key: PrivateKey
    private_key_id: Secret
    client_email: str
    token_uri: str
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class DatabricksConfig(TypedDict):
    server_hostname: HostName
    http_path: str
    client_id: Secret
    client_secret: Secret
    catalog: Identifier
    schema: Identifier
    table_name: Identifier
    use_variant_type: NotRequired[bool]
    use_automatic_schema_evolution: NotRequired[bool]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class AzureBlobConfig(TypedDict):
    container_name: str
    prefix: NotRequired[KeyPrefix]
    connection_string: str
    file_format: NotRequired[FileFormat]
    compression: NotRequired[Compression | None]
    max_file_size_mb: NotRequired[MaxFileSizeMb | None]
    key_template: NotRequired[KeyTemplate | None]
    legacy_parquet_extension: NotRequired[LegacyParquetExtension | None]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class HTTPConfig(TypedDict):
    url: str
    token: Secret
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class NoOpConfig(TypedDict):
    arg: NotRequired[str]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class FileConfig(TypedDict):
    path: str
    prefix: NotRequired[str]
    file_format: NotRequired[FileFormat]
    compression: NotRequired[Compression | None]
    max_file_size_mb: NotRequired[MaxFileSizeMb | None]
    key_template: NotRequired[KeyTemplate | None]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class SavedTestStepRequest(TypedDict):
    destination: NotRequired[DestinationUpdate]
    step: NotRequired[StepNumber]


class Filter(TypedDict):
    type: Literal["event", "person", "hogql"]
    key: str
    operator: NotRequired[
        Literal[
            "exact",
            "is_not",
            "icontains",
            "not_icontains",
            "regex",
            "not_regex",
            "gt",
            "gte",
            "lt",
            "lte",
            "is_set",
            "is_not_set",
            "is_date_before",
            "is_date_after",
        ]
    ]
    value: NotRequired[FilterValue]


class S3DestinationRequest(TypedDict):
    type: Literal["S3"]
    config: S3Config
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class SnowflakeDestinationRequest(TypedDict):
    type: Literal["Snowflake"]
    config: SnowflakeConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class PostgresDestinationRequest(TypedDict):
    type: Literal["Postgres"]
    config: PostgresConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


RedshiftAuthorization: TypeAlias = str | AwsCredentials


class BigQueryDestinationRequest(TypedDict):
    type: Literal["BigQuery"]
    config: BigQueryConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class DatabricksDestinationRequest(TypedDict):
    type: Literal["Databricks"]
    config: DatabricksConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class AzureBlobDestinationRequest(TypedDict):
    type: Literal["AzureBlob"]
    config: AzureBlobConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class HTTPDestinationRequest(TypedDict):
    type: Literal["HTTP"]
    config: HTTPConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class NoOpDestinationRequest(TypedDict):
    type: Literal["NoOp"]
    config: NoOpConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


class FileDestinationRequest(TypedDict):
    type: Literal["File"]
    config: FileConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


Filters: TypeAlias = list[Filter] | None


class RedshiftCopyInputs(TypedDict):
    s3_bucket: str
    region_name: str
    s3_key_prefix: NotRequired[str]
    authorization: RedshiftAuthorization
    bucket_credentials: AwsCredentials


class BatchExportUpdate(TypedDict):
    name: NotRequired[ExportName]
    model: NotRequired[RequestedModel | None]
    destination: NotRequired[DestinationUpdate]
    interval: NotRequired[Interval]
    paused: NotRequired[bool]
    start_at: NotRequired[OptionalTime | None]
    end_at: NotRequired[OptionalTime | None]
    incremental_mode: NotRequired[IncrementalMode]
    filters: NotRequired[Filters | None]
    timezone: NotRequired[TimeZone | None]
    offset_day: NotRequired[OffsetDay | None]
    offset_hour: NotRequired[OffsetHour | None]


class RedshiftConfig(TypedDict):
    host: HostName
    port: NotRequired[int]
    user: Secret
    password: Secret
    database: Identifier
    schema: NotRequired[SchemaName]
    table_name: NotRequired[TableName]
    properties_data_type: NotRequired[Literal["varchar", "super"]]
    mode: NotRequired[Literal["INSERT", "COPY"]]
    copy_inputs: NotRequired[RedshiftCopyInputs | None]
    include_events: NotRequired[EventNames | None]
    exclude_events: NotRequired[EventNames | None]


class RedshiftDestinationRequest(TypedDict):
    type: Literal["Redshift"]
    config: RedshiftConfig
    integration: NotRequired[IntegrationId | None]
    integration_id: NotRequired[IntegrationId | None]


DestinationRequest: TypeAlias = (
    S3DestinationRequest
    | SnowflakeDestinationRequest
    | PostgresDestinationRequest
    | RedshiftDestinationRequest
    | BigQueryDestinationRequest
    | DatabricksDestinationRequest
    | AzureBlobDestinationRequest
    | HTTPDestinationRequest
    | NoOpDestinationRequest
    | FileDestinationRequest
)


class NewTestStepRequest(TypedDict):
    name: NotRequired[ExportName]
    model: NotRequired[RequestedModel | None]
    destination: DestinationRequest
    interval: NotRequired[Interval]
    paused: NotRequired[bool]
    start_at: NotRequired[OptionalTime | None]
    end_at: NotRequired[OptionalTime | None]
    incremental_mode: NotRequired[IncrementalMode]
    filters: NotRequired[Filters | None]
    timezone: NotRequired[TimeZone | None]
    offset_day: NotRequired[OffsetDay | None]
    offset_hour: NotRequired[OffsetHour | None]
    step: NotRequired[StepNumber]


class BatchExportCreate(TypedDict):
    name: ExportName
    model: NotRequired[RequestedModel | None]
    destination: DestinationRequest
    interval: Interval
    paused: NotRequired[bool]
    start_at: NotRequired[OptionalTime | None]
    end_at: NotRequired[OptionalTime | None]
    incremental_mode: NotRequired[IncrementalMode]
    filters: NotRequired[Filters | None]
    timezone: NotRequired[TimeZone | None]
    offset_day: NotRequired[OffsetDay | None]
    offset_hour: NotRequired[OffsetHour | None]


class BatchExportReplace(TypedDict):
    name: ExportName
    model: NotRequired[RequestedModel | None]
    destination: DestinationRequest
    interval: Interval
    paused: NotRequired[bool]
    start_at: NotRequired[OptionalTime | None]
    end_at: NotRequired[OptionalTime | None]
    incremental_mode: NotRequired[IncrementalMode]
    filters: NotRequired[Filters | None]
    timezone: NotRequired[TimeZone | None]
    offset_day: NotRequired[OffsetDay | None]
    offset_hour: NotRequired[OffsetHour | None]
