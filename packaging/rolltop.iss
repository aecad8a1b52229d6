; Inno Setup: dist\Rolltop becomes dist\Rolltop-<version>-setup.exe. An installer rather than a zip, because files unpacked from
; a downloaded zip carry the mark of the web and .NET then refuses to load the window's library. Run: iscc /DVersion=0.1.0 packaging\rolltop.iss
#ifndef Version
  #error Name the version: iscc /DVersion=... packaging\rolltop.iss
#endif

[Setup]
AppId={{6D0C7C0B-3C55-4C0B-9C4E-52F7E0D4B4E1}
AppName=Rolltop
AppVersion={#Version}
AppVerName=Rolltop {#Version}
DefaultDirName={autopf}\Rolltop
DefaultGroupName=Rolltop
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile=..\LICENSE
OutputDir=..\dist
OutputBaseFilename=Rolltop-{#Version}-setup
Compression=lzma2/max
SolidCompression=yes
CloseApplications=yes
ChangesEnvironment=yes
UninstallDisplayIcon={app}\rolltop-desktop.exe

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "path"; Description: "Put the command rolltop on the PATH"; Flags: unchecked

[Files]
Source: "..\dist\Rolltop\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\Rolltop"; Filename: "{app}\rolltop-desktop.exe"
Name: "{autodesktop}\Rolltop"; Filename: "{app}\rolltop-desktop.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NotOnPath

[Run]
Filename: "{app}\rolltop-desktop.exe"; Description: "{cm:LaunchProgram,Rolltop}"; Flags: nowait postinstall skipifsilent

[Code]
function NotOnPath: Boolean;
var
  Path: string;
begin
  if not RegQueryStringValue(HKA, 'Environment', 'Path', Path) then Path := '';
  Result := Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', ';' + Uppercase(Path) + ';') = 0;
end;

{ Data stays unless the person says otherwise: the question's default is No. }
procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Data: string;
begin
  Data := ExpandConstant('{localappdata}\rolltop');
  if (Step = usPostUninstall) and DirExists(Data) and not UninstallSilent then
    if MsgBox('Delete your workspace too? Its tables and settings are in' + #13#10 + Data, mbConfirmation, MB_YESNO or MB_DEFBUTTON2) = IDYES then
      DelTree(Data, True, True, True);
end;
