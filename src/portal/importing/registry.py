"""Every kind of import file, by name, in the order in which files are to be imported."""

from portal.importing.benefits import BENEFIT_LINES, PAYMENTS
from portal.importing.cards import CARD_COLUMNS, CARD_TERMS, PROFESSION_CARE
from portal.importing.company_bank import COMPANY_BANK_DETAILS
from portal.importing.contributions import CONTRIBUTION_PRICES
from portal.importing.coverage import BENEFICIARIES, CONTRACT_OPTIONS, CONTRACTS, PERSONS
from portal.importing.directory import DIRECTORY
from portal.importing.exemptions import EXEMPTION_GROUNDS, OPENED_EXEMPTIONS
from portal.importing.figures import ACT_RULES, ACTS, EXAMPLE_CARES, PARAMETERS, TARIFFS
from portal.importing.group_documents import CONTRACT_AMENDMENTS, PAYROLL_CODES, PAYROLL_SETTINGS
from portal.importing.guarantees import GUARANTEES, OPTIONS, PRODUCTS
from portal.importing.invoices import INVOICES, REJECT_CODES
from portal.importing.national_directory import NATIONAL_DIRECTORY
from portal.importing.organisations import AGREEMENTS, COMPANIES, GROUP_CONTRACTS, PROVIDERS
from portal.importing.practices import AGREEMENT_AMENDMENTS, PROVIDER_ADDRESSES, PROVIDER_BANK_DETAILS
from portal.importing.reimbursing import BANK_DETAILS, REMOTE_LINKS
from portal.importing.staff import CATEGORY_RATES, EMPLOYEES, EMPLOYMENT_PERIODS, STAFF_CATEGORIES
from portal.importing.transfers import REMITTANCE_LINES, TRANSFERS

KINDS = {
    kind.name: kind
    for kind in (
        PARAMETERS,
        ACTS,
        TARIFFS,
        ACT_RULES,
        EXAMPLE_CARES,
        PRODUCTS,
        GUARANTEES,
        OPTIONS,
        CONTRIBUTION_PRICES,
        CARD_TERMS,
        CARD_COLUMNS,
        PROFESSION_CARE,
        PERSONS,
        CONTRACTS,
        CONTRACT_OPTIONS,
        BENEFICIARIES,
        BANK_DETAILS,
        REMOTE_LINKS,
        COMPANIES,
        GROUP_CONTRACTS,
        COMPANY_BANK_DETAILS,
        STAFF_CATEGORIES,
        CATEGORY_RATES,
        CONTRACT_AMENDMENTS,
        PAYROLL_SETTINGS,
        PAYROLL_CODES,
        EMPLOYEES,
        EMPLOYMENT_PERIODS,
        EXEMPTION_GROUNDS,
        OPENED_EXEMPTIONS,
        PROVIDERS,
        AGREEMENTS,
        AGREEMENT_AMENDMENTS,
        PROVIDER_ADDRESSES,
        PROVIDER_BANK_DETAILS,
        DIRECTORY,
        NATIONAL_DIRECTORY,
        PAYMENTS,
        BENEFIT_LINES,
        REJECT_CODES,
        INVOICES,
        TRANSFERS,
        REMITTANCE_LINES,
    )
}
