"""The journal in the forms that others read."""

from payment_service.adapters.journal_files.audit_pack import AuditPack
from payment_service.adapters.journal_files.beancount import write_beancount
from payment_service.adapters.journal_files.packages import write_quickbooks, write_xero
from payment_service.adapters.journal_files.tables import write_csv, write_jsonl, write_xlsx
from payment_service.adapters.journal_files.taxes import PayeeCountries, TaxTotals
from payment_service.adapters.journal_files.vat import write_vat
from payment_service.application.export_journal import Format

_CSV, _ZIP = "text/csv", "application/zip"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

__all__ = ["AuditPack", "PayeeCountries", "formats"]


def formats(audit_pack: AuditPack, countries: PayeeCountries) -> dict[str, Format]:
    known = (
        Format("csv", "csv", _CSV, write_csv),
        Format("xlsx", "xlsx", _XLSX, write_xlsx),
        Format("jsonl", "jsonl", "application/x-ndjson", write_jsonl),
        Format("beancount", "beancount", "text/plain", write_beancount),
        Format("quickbooks", "csv", _CSV, write_quickbooks),
        Format("xero", "zip", _ZIP, write_xero),
        Format("tax-totals", "csv", _CSV, TaxTotals(countries)),
        Format("vat-totals", "csv", _CSV, write_vat),
        Format("audit-pack", "zip", _ZIP, audit_pack),
    )
    return {known_format.name: known_format for known_format in known}
