using QRCoder;

namespace RefusalExplorer.Web.Live;

/// <summary>Draws an address as a QR code.</summary>
public static class QrCode
{
    /// <summary>An SVG element, black on white whatever the theme, since cameras expect that.</summary>
    public static string Svg(string address)
    {
        using QRCodeData data = QRCodeGenerator.GenerateQrCode(address, QRCodeGenerator.ECCLevel.M);
        return new SvgQRCode(data).GetGraphic(4, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute);
    }
}
